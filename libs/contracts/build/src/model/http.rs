//! `google.api.http`, the part of it that we use: one verb, one path, whole segments as parameters.

use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::options::{extension, text};
use crate::problems::Problems;

/// The verb, path and body of a REST method.
pub(crate) struct Http {
    /// In capitals.
    pub(crate) verb: &'static str,
    /// Without a final slash.
    pub(crate) path: String,
    /// `*` or the proto name of a field.
    pub(crate) body: Option<String>,
}

const VERBS: [(&str, &str); 5] =
    [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];

impl Http {
    pub(crate) fn of(method: &MethodDescriptor, place: &str, problems: &mut Problems) -> Option<Self> {
        let rule = extension(&method.options(), "google.api.http")?;
        for unsupported in ["custom", "additional_bindings", "response_body", "selector"] {
            if rule.has_field_by_name(unsupported) {
                problems.add(
                    place,
                    format!(
                        "`{unsupported}` of google.api.http is not supported: give the method one verb and one path"
                    ),
                );
            }
        }
        let Some((verb, path)) = verb_and_path(&rule) else {
            problems.add(place, "google.api.http names no verb: write get, post, put, patch or delete with a path");
            return None;
        };
        let body = Some(text(&rule, "body")).filter(|body| !body.is_empty());
        Some(Self { verb, path, body })
    }

    /// The names in braces.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = String> {
        self.segments().filter_map(parameter).map(str::to_owned)
    }

    /// The same for two paths that match the same requests.
    pub(crate) fn route(&self) -> String {
        let segments: Vec<_> = self.segments().map(|segment| parameter(segment).map_or(segment, |_| "{}")).collect();
        format!("{} {}", self.verb, segments.join("/"))
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/')
    }
}

/// The name in a segment such as `{id}`.
pub(crate) fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn verb_and_path(rule: &DynamicMessage) -> Option<(&'static str, String)> {
    let (field, verb) = VERBS.into_iter().find(|(field, _)| rule.has_field_by_name(field))?;
    Some((verb, text(rule, field)))
}
