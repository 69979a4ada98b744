//! Workers: they hear of dispatched jobs, claim them, do them, and say what came of it.
//!
//! A claim is a lease of half a minute for one try of one job. It is renewed for the jobs that are in hand and for no others, so that a
//! job which this process lost by a fault of its own goes to another. Whoever lost a lease changes nothing any more: each statement of a
//! try names its epoch.

mod attempt;
mod claim;
mod finish;
mod heartbeat;
mod held;
mod pool;
mod reporter;
mod steps;

use std::time::Duration;

pub use claim::{Claim, Terms, claim};
pub use finish::receipt_hash;
pub use held::{Held, Hold, Stop};
pub use pool::{run, work_on};
pub use reporter::{Report, Reporter};
pub use steps::Steps;

use crate::JobsConfig;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// How long a job waits after its try of this number: anything up to a time that doubles, so that jobs which failed together do not come
/// back together.
pub fn backoff(settings: &JobsConfig, attempt: i32) -> Duration {
    let doubled = u32::try_from(attempt.clamp(0, 20)).unwrap_or_default();
    let longest = Duration::from_millis(settings.job_retry_ms.into()).saturating_mul(1 << doubled).min(LONGEST_PAUSE);
    longest.mul_f64(rand::random::<f64>())
}
