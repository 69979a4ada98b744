//! What the protos say, in the terms of this project: read once, then checked and written out.

mod comments;
mod http;
mod messages;
mod methods;
mod names;
mod options;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use http::{Http, parameter};
pub(crate) use messages::{Enum, Field, Kind, Message};
pub(crate) use methods::{Method, Service};
pub(crate) use names::{camel, snake};
pub(crate) use options::Options;
pub(crate) use rules::{Format, Rules};

use crate::{compile::Compiled, problems::Problems};

/// Everything under the package `igny8`.
pub(crate) struct Model {
    pub(crate) services: Vec<Service>,
    /// By full name.
    pub(crate) messages: BTreeMap<String, Message>,
    /// By full name.
    pub(crate) enums: BTreeMap<String, Enum>,
}

impl Model {
    /// Reads the descriptors; what has no place in the model is a problem.
    pub(crate) fn read(compiled: &Compiled, problems: &mut Problems) -> Self {
        let files: Vec<_> = compiled.our_files().collect();
        let mut model = Self { services: Vec::new(), messages: BTreeMap::new(), enums: BTreeMap::new() };
        for file in &files {
            let comments = comments::Comments::of(file);
            model.messages.extend(messages::messages(file, &comments, problems));
            model.enums.extend(messages::enums(file, &comments, problems));
            model.services.extend(methods::services(file, &comments, problems));
        }
        model.services.sort_by(|a, b| a.name.cmp(&b.name));
        model.mark_request_fields();
        model
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.services.iter().flat_map(|service| &service.methods)
    }

    /// The message with this name; `None` for one that is not ours, which is a problem reported elsewhere.
    pub(crate) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    /// A message and every message inside it.
    pub(crate) fn reachable<'a>(&'a self, roots: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = roots.collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(self.message(name).into_iter().flat_map(Message::messages));
            }
        }
        found
    }

    /// Where a field of a request stands, in the path or flattened into the query, is said by the methods and asked of the message.
    fn mark_request_fields(&mut self) {
        for method in self.services.iter().flat_map(|service| &service.methods) {
            let (Some(http), Some(message)) = (&method.http, self.messages.get_mut(&method.input)) else { continue };
            message.mark_path_fields(http.parameters());
            if http.body.is_none() {
                message.flatten_filter();
            }
        }
    }
}
