//! The requester's half of the job protocol: quote, hold, submit, follow, and apply the result once.
//!
//! A service describes each of its AI actions by an [`Action`] and hands them to [`Jobs`]. A request is then one row of
//! `igny8_job_requests`, committed before the first call: its id is the job's, the reservation's and the task's, so that every step can be
//! repeated after a crash and happens once.
//!
//! ```text
//! new ──hold──▶ reserved ──submit──▶ submitted ──job ended──▶ finished ──apply──▶ applied
//!  │               │                    │                         │
//!  └── refused, ───┴── given up: ───────┴── failed, cancelled ◀───┘ cannot be applied
//!      failed          abandoned, then failed
//! ```
//!
//! [`Jobs::start`] walks the first three inline, so that its caller hears of a shortage (402) or of a service that is away (503, nothing is
//! charged) at once. What a crash leaves behind is finished by the driver ([`Jobs::attach`]). The end of a job is heard by its event
//! ([`Jobs::finished`]) or, when that is lost, by asking.

#![warn(missing_docs)]

mod action;
mod driver;
mod finish;
mod follow;
mod hold;
mod jobs;
mod lease;
mod order;
mod progress;
mod request;
mod result;
mod schema;
mod start;
mod step;
mod submit;
mod watch;

pub use action::{Action, Figures, Frozen, Outcome, Spec};
pub use follow::follow;
pub use jobs::Jobs;
pub use order::Order;
pub use request::JobRequest;
pub use step::Step;
pub use watch::ProgressStream;
