//! The settings of this service.

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    #[command(flatten)]
    pub db: db::Config,

    #[command(flatten)]
    pub bus: bus::Config,

    #[command(flatten)]
    pub files: crate::files::Config,
}
