//! Lists are paged, and a page has an end.

use crate::{
    model::{Field, Kind, Message, Method, Model},
    problems::Problems,
};

pub(super) fn check(model: &Model, method: &Method, problems: &mut Problems) {
    let is_page = method.options.as_ref().is_some_and(|options| options.shape.as_deref() == Some("page"));
    let (Some(request), Some(response)) = (model.message(&method.input), model.message(&method.output)) else { return };
    if is_page {
        page_request(request, &method.place, problems);
        page_response(response, &method.place, problems);
    }
    if let Some(field) = request.field("page_size").filter(|field| field.rules.max.is_none()) {
        problems
            .add(&field.place, "page_size has no upper bound: add `(buf.validate.field).int32 = {gte: 1 lte: 500}`");
    }
}

fn page_request(request: &Message, place: &str, problems: &mut Problems) {
    for name in ["page", "page_size"] {
        if !request.field(name).is_some_and(|field| field.optional && matches!(field.kind, Kind::Int32)) {
            problems.add(
                place,
                format!("a page is asked for by number and size: add `optional int32 {name}` to {}", request.short),
            );
        }
    }
    if let Some(field) = request.field("ordering").filter(|field| field.options.ordering.is_empty()) {
        problems.add(
            &field.place,
            "the field does not say what may be ordered by: name the keys in `(igny8.rest.v1.field).ordering`",
        );
    }
}

fn page_response(response: &Message, place: &str, problems: &mut Problems) {
    let is_plain = |field: &Field| !field.repeated && !field.optional;
    let has = |name, holds: &dyn Fn(&Field) -> bool| response.field(name).is_some_and(holds);
    let parts = [
        ("repeated … results", has("results", &|field| field.repeated && matches!(field.kind, Kind::Message(_)))),
        ("int64 count", has("count", &|field| is_plain(field) && matches!(field.kind, Kind::Int64))),
        ("bool count_is_exact", has("count_is_exact", &|field| is_plain(field) && matches!(field.kind, Kind::Bool))),
    ];
    for (part, _) in parts.into_iter().filter(|(_, has)| !has) {
        problems
            .add(place, format!("a page has results, count and count_is_exact: add `{part}` to {}", response.short));
    }
}
