//! One method as an operation.

use super::{
    Endpoint, errors,
    json::Object,
    parameters,
    schema::{self, Direction, Schemas},
    success,
};

pub(super) fn operation(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> Object {
    let is_public = endpoint.options.is_public();
    Object::new()
        .with("operationId", endpoint.method.operation.as_str())
        .with("tags", vec![endpoint.service.aggregate.as_str()])
        .with("summary", summary(&endpoint.method.comment))
        .with("description", description(endpoint))
        .with_some("security", is_public.then(Vec::<Object>::new))
        .with_list("parameters", parameters::of(schemas, endpoint))
        .with_some("requestBody", request_body(schemas, endpoint))
        .with("responses", responses(schemas, endpoint))
}

/// The first sentence, without its full stop.
fn summary(comment: &str) -> &str {
    let first = comment.split(". ").next().unwrap_or(comment);
    first.lines().next().unwrap_or_default().trim_end_matches(['.', ':'])
}

/// The comment, and what the options say of callers.
fn description(endpoint: &Endpoint<'_>) -> String {
    let options = endpoint.options;
    let role = options.min_role.as_deref().unwrap_or_default();
    let who = match options.scope.as_deref() {
        Some("public") => "Open to anyone, without credentials.".to_owned(),
        Some("user") => format!("Needs the role `{role}` or above, and a signed-in person: an API key is not enough."),
        Some("site") => {
            format!("Needs the role `{role}` or above. Editors and viewers see only the sites granted to them.")
        }
        Some("system") => "For staff only.".to_owned(),
        _ => format!("Needs the role `{role}` or above."),
    };
    let suspended = options.while_suspended.then_some("Works in a suspended account too.");
    let rate = match options.rate_policy.as_deref() {
        Some("credential") => Some("Strictly limited for each address."),
        Some("ai") => Some("Costs credits."),
        _ => None,
    };
    let notes: Vec<&str> = [Some(who.as_str()), suspended, rate].into_iter().flatten().collect();
    let parts = [endpoint.method.comment.clone(), notes.join(" ")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn request_body(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> Option<Object> {
    let (media, schema) = if endpoint.options.upload {
        ("multipart/form-data", schemas.form(schemas.model.message(&endpoint.method.input)?))
    } else {
        let message = schema::body(schemas.model, endpoint)?;
        ("application/json", schemas.reference(message, Direction::Request))
    };
    let content = Object::new().with(media, Object::new().with("schema", schema));
    Some(Object::new().with("required", true).with("content", content))
}

fn responses(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> Object {
    let statuses = [Some(endpoint.options.status), endpoint.options.other_status];
    let successes =
        statuses.into_iter().flatten().map(|status| (status.to_string(), success::response(schemas, endpoint)));
    successes.chain(errors::references(endpoint)).collect()
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn a_summary_is_the_first_sentence() {
        assert_eq!(summary("Change a site. One that is not active is read only."), "Change a site");
        assert_eq!(summary("One site."), "One site");
        assert_eq!(summary("All:\n\n* this"), "All");
    }
}
