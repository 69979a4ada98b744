//! Where the services answer: `IGNY8_<SERVICE>_URL`, else the registry's port on this machine.

use std::{collections::BTreeMap, str::FromStr, sync::LazyLock};

use clap::{Arg, ArgMatches, Command, error::Error};
use url::Url;

use crate::registry;

/// One setting for each service of the registry that is called over gRPC: `--auth-url`, `IGNY8_AUTH_URL`.
///
/// It is a block for `clap` written by hand, because the fields are the rows of the registry.
#[derive(Debug, Clone, Default)]
pub struct Addresses(BTreeMap<String, Url>);

impl Addresses {
    /// The address of a service; none when the registry does not know one.
    pub fn of(&self, service: &str) -> Option<&Url> {
        self.0.get(service)
    }
}

struct Setting {
    service: &'static str,
    flag: String,
    variable: String,
    default: String,
}

fn settings() -> &'static [Setting] {
    static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
        let called = |service: &'static registry::Service| {
            Some(Setting {
                service: &service.name,
                flag: format!("{}-url", service.name),
                variable: service.url_variable(),
                default: service.local_url()?,
            })
        };
        registry::services().iter().filter_map(called).collect()
    });
    &SETTINGS
}

impl clap::Args for Addresses {
    fn augment_args(command: Command) -> Command {
        settings().iter().fold(command, |command, setting| {
            let argument = Arg::new(setting.flag.as_str())
                .long(setting.flag.as_str())
                .env(setting.variable.as_str())
                .default_value(setting.default.as_str())
                .value_name("URL")
                .value_parser(Url::from_str)
                .help("Where that service answers gRPC");
            command.arg(argument)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Addresses {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut addresses = Self::default();
        addresses.update_from_arg_matches(matches)?;
        Ok(addresses)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for setting in settings() {
            if let Some(url) = matches.get_one::<Url>(&setting.flag) {
                self.0.insert(setting.service.to_owned(), url.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        addresses: Addresses,
    }

    #[test]
    fn a_service_is_on_this_machine_unless_its_address_is_set() {
        let addresses = Cli::parse_from(["x"]).addresses;
        assert_eq!(addresses.of("auth").unwrap().as_str(), "https://127.0.0.1:7001/");
        let addresses = Cli::parse_from(["x", "--auth-url", "https://auth:7001"]).addresses;
        assert_eq!(addresses.of("auth").unwrap().as_str(), "https://auth:7001/");
        assert_eq!(addresses.of("gateway"), None);
    }

    #[test]
    fn an_address_that_is_no_url_is_refused() {
        assert!(Cli::try_parse_from(["x", "--auth-url", "auth"]).is_err());
    }
}
