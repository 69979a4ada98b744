//! Workers: they hear of dispatched jobs, claim them, do them, and say what came of it.

mod reporter;
mod steps;

pub use reporter::{Report, Reporter};
pub use steps::Steps;
