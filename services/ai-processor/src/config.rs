//! The settings of this service.

use std::time::Duration;

use contracts::ai_processor::v1::JobClass;

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    #[command(flatten)]
    pub db: db::Config,

    #[command(flatten)]
    pub bus: bus::Config,

    #[command(flatten)]
    pub jobs: JobsConfig,
}

/// How jobs are kept, dispatched and worked on. Every process of one installation wants the same times.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct JobsConfig {
    /// Jobs of the class `interactive` that a worker process does at once
    #[arg(long, env = "IGNY8_INTERACTIVE_SLOTS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub interactive_slots: u16,

    /// Jobs of the class `batch` that a worker process does at once
    #[arg(long, env = "IGNY8_BATCH_SLOTS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch_slots: u16,

    /// Jobs of the class `image` that a worker process does at once
    #[arg(long, env = "IGNY8_IMAGE_SLOTS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub image_slots: u16,

    /// Jobs of one account and class that may be out at once, where billing does not say
    #[arg(long, env = "IGNY8_RUNNING_JOBS", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    pub running_jobs: i32,

    /// How long a worker may keep silent about a job before it is given to another, in milliseconds
    #[arg(long, env = "IGNY8_JOB_LEASE_MS", default_value_t = 30_000)]
    pub job_lease_ms: u32,

    /// How often a worker says that it still works, in milliseconds; a third of the lease or less
    #[arg(long, env = "IGNY8_JOB_HEARTBEAT_MS", default_value_t = 10_000)]
    pub job_heartbeat_ms: u32,

    /// How often jobs that stand still are looked for, in milliseconds
    #[arg(long, env = "IGNY8_JOB_SWEEP_MS", default_value_t = 2_000)]
    pub job_sweep_ms: u32,

    /// The longest that one try of a job may take, in seconds; of an image, twice that
    #[arg(long, env = "IGNY8_JOB_ATTEMPT_SECONDS", default_value_t = 300)]
    pub job_attempt_seconds: u32,

    /// The base of the pause before another try, in milliseconds; it doubles with each
    #[arg(long, env = "IGNY8_JOB_RETRY_MS", default_value_t = 2_000)]
    pub job_retry_ms: u32,

    /// Answer every job at once with an empty result: for measuring and testing jobs, never for people
    #[arg(long, env = "IGNY8_INSTANT_PROVIDER")]
    pub instant_provider: bool,
}

impl JobsConfig {
    pub fn slots(&self, class: JobClass) -> u16 {
        match class {
            JobClass::Image => self.image_slots,
            JobClass::Batch => self.batch_slots,
            _ => self.interactive_slots,
        }
    }

    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.job_lease_ms.into())
    }

    pub fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.job_heartbeat_ms.into())
    }

    pub fn sweep(&self) -> Duration {
        Duration::from_millis(self.job_sweep_ms.into())
    }

    pub fn attempt_limit(&self, class: JobClass) -> Duration {
        let limit = Duration::from_secs(self.job_attempt_seconds.into());
        if class == JobClass::Image { limit * 2 } else { limit }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            interactive_slots: 16,
            batch_slots: 16,
            image_slots: 8,
            running_jobs: 4,
            job_lease_ms: 30_000,
            job_heartbeat_ms: 10_000,
            job_sweep_ms: 2_000,
            job_attempt_seconds: 300,
            job_retry_ms: 2_000,
            instant_provider: false,
        }
    }
}
