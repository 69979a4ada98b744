//! Services and their methods.

use prost_reflect::{FileDescriptor, MethodDescriptor, ServiceDescriptor};

use super::{Http, Options, comments::Comments, names};
use crate::problems::Problems;

/// One protobuf service: the methods of one aggregate.
pub(crate) struct Service {
    /// The full name.
    pub(crate) name: String,
    /// The name of the file: `sites`.
    pub(crate) aggregate: String,
    pub(crate) comment: String,
    pub(crate) methods: Vec<Method>,
}

/// One RPC.
pub(crate) struct Method {
    /// The file, service and method, for problems.
    pub(crate) place: String,
    /// `/igny8.auth.v1.SiteService/GetSite`.
    pub(crate) path: String,
    /// The service whose package it would be: `ai-processor`. A shared package, as `progress`, is no service's.
    pub(crate) package_service: String,
    pub(crate) operation: String,
    pub(crate) comment: String,
    /// The full name of the request.
    pub(crate) input: String,
    /// The full name of the response.
    pub(crate) output: String,
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
    pub(crate) options: Option<Options>,
    pub(crate) http: Option<Http>,
}

impl Method {
    /// The services of the fleet that answer it.
    pub(crate) fn owners(&self) -> &[String] {
        match &self.options {
            Some(options) if !options.owners.is_empty() => &options.owners,
            _ => std::slice::from_ref(&self.package_service),
        }
    }
}

pub(crate) fn services(file: &FileDescriptor, comments: &Comments, problems: &mut Problems) -> Vec<Service> {
    let services: Vec<_> = file.services().collect();
    if let Some(second) = services.get(1) {
        problems.add(
            file.name(),
            format!(
                "{} is the second service of the file: move it to a file of its own, named for its aggregate",
                second.name()
            ),
        );
    }
    services.iter().map(|service| read_service(file, service, comments, problems)).collect()
}

fn read_service(
    file: &FileDescriptor,
    service: &ServiceDescriptor,
    comments: &Comments,
    problems: &mut Problems,
) -> Service {
    let stem = file.name().rsplit('/').next().unwrap_or_default().trim_end_matches(".proto");
    let methods = service.methods().map(|method| read_method(file, &method, stem, comments, problems));
    Service {
        name: service.full_name().to_owned(),
        aggregate: stem.to_owned(),
        methods: methods.collect(),
        comment: comments.at(service.path()),
    }
}

fn read_method(
    file: &FileDescriptor,
    method: &MethodDescriptor,
    aggregate: &str,
    comments: &Comments,
    problems: &mut Problems,
) -> Method {
    let service = method.parent_service();
    let place = format!("{}: {}.{}", file.name(), service.name(), method.name());
    Method {
        path: format!("/{}/{}", service.full_name(), method.name()),
        package_service: service_of(file.package_name()),
        operation: names::operation(aggregate, method.name()),
        comment: comments.at(method.path()),
        input: method.input().full_name().to_owned(),
        output: method.output().full_name().to_owned(),
        client_streaming: method.is_client_streaming(),
        server_streaming: method.is_server_streaming(),
        options: Options::of(method),
        http: Http::of(method, &place, problems),
        place,
    }
}

/// `igny8.ai_processor.v1` → `ai-processor`.
fn service_of(package: &str) -> String {
    package.split('.').nth(1).unwrap_or_default().replace('_', "-")
}
