//! Reading `registry.toml` and refusing what would only fail later.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use super::{Database, Egress, Service};

/// Why a registry is refused: a sentence for the one who edits the file.
#[derive(Debug)]
pub struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    grpc_port: Option<u16>,
    http_port: Option<u16>,
    admin_port: u16,
    #[serde(default)]
    database: bool,
    #[serde(default)]
    egress: Vec<Egress>,
}

/// Parses a registry file.
///
/// # Errors
/// Bad TOML, an unknown key, a name that is not lower-case words joined by hyphens, a name or a port used twice, and a
/// service that listens on neither gRPC nor HTTP.
pub fn parse(text: &str) -> Result<Vec<Service>, Invalid> {
    let file: File = toml::from_str(text).map_err(|error| Invalid(error.to_string()))?;
    let services: Vec<Service> = file.service.into_iter().map(Service::from).collect();
    check(&services)?;
    Ok(services)
}

impl From<Row> for Service {
    fn from(row: Row) -> Self {
        let Row { name, grpc_port, http_port, admin_port, database, egress } = row;
        let database = database.then(|| Database::of(&name));
        Self { name, grpc_port, http_port, admin_port, database, egress }
    }
}

fn check(services: &[Service]) -> Result<(), Invalid> {
    let mut names = HashSet::new();
    let mut ports = HashMap::new();
    for service in services {
        let name = service.name.as_str();
        if !is_name(name) {
            return Err(Invalid(format!("{name:?} is not a service name: lower-case words joined by hyphens")));
        }
        if !names.insert(name) {
            return Err(Invalid(format!("two services are named {name}")));
        }
        if service.grpc_port.or(service.http_port).is_none() {
            return Err(Invalid(format!("{name} needs a grpc_port or an http_port")));
        }
        for port in [service.grpc_port, service.http_port, Some(service.admin_port)].into_iter().flatten() {
            if let Some(other) = ports.insert(port, name) {
                return Err(Invalid(format!("{name} and {other} both have port {port}")));
            }
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_row_becomes_a_service_with_its_database() {
        let text = "[[service]]\nname='ai-processor'\ngrpc_port=1\nadmin_port=2\ndatabase=true\negress=['https']";
        let services = parse(text).unwrap();
        assert_eq!(services[0].url_variable(), "IGNY8_AI_PROCESSOR_URL");
        assert_eq!(services[0].egress, [Egress::Https]);
        assert_eq!(services[0].database.as_ref().unwrap().name, "igny8_ai_processor");
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        assert!(refusal("[[service]]\nname='a'\ngrpc_prt=1\nadmin_port=2").contains("grpc_prt"));
    }

    #[test]
    fn an_unknown_egress_is_refused() {
        assert!(refusal("[[service]]\nname='a'\ngrpc_port=1\nadmin_port=2\negress=['ftp']").contains("ftp"));
    }

    #[test]
    fn a_port_used_twice_is_refused_with_both_names() {
        let text = "[[service]]\nname='a'\ngrpc_port=1\nadmin_port=2\n[[service]]\nname='b'\nhttp_port=3\nadmin_port=1";
        assert_eq!(refusal(text), "b and a both have port 1");
    }

    #[test]
    fn a_name_used_twice_is_refused() {
        let text = "[[service]]\nname='a'\ngrpc_port=1\nadmin_port=2\n[[service]]\nname='a'\ngrpc_port=3\nadmin_port=4";
        assert_eq!(refusal(text), "two services are named a");
    }

    #[test]
    fn a_name_that_would_need_quoting_is_refused() {
        for name in ["", "Auth", "a_b", "a-", "a b", "a'"] {
            let text = format!("[[service]]\nname=\"{name}\"\ngrpc_port=1\nadmin_port=2");
            assert!(refusal(&text).contains("not a service name"), "{name:?} was accepted");
        }
    }

    #[test]
    fn a_service_without_a_port_is_refused() {
        assert_eq!(refusal("[[service]]\nname='a'\nadmin_port=2"), "a needs a grpc_port or an http_port");
    }
}
