//! Fields and enums have a form in JSON, and a request cannot name its account.

use std::collections::HashMap;

use crate::{
    model::{Enum, Field, Kind, Message, Model},
    problems::Problems,
};

pub(super) fn check(model: &Model, problems: &mut Problems) {
    model.enums.values().for_each(|of| enum_names(of, problems));
    model.messages.values().for_each(|message| message_fields(message, problems));
    let rest = || model.methods().filter(|method| method.http.is_some());
    for name in model.reachable(rest().map(|method| method.input.as_str())) {
        model.message(name).into_iter().for_each(|message| rest_request(message, problems));
    }
    let both = rest().flat_map(|method| [method.input.as_str(), method.output.as_str()]);
    for message in model.reachable(both).into_iter().filter_map(|name| model.message(name)) {
        for oneof in &message.oneofs {
            problems.add(
                &message.place,
                format!("the oneof {oneof} has no form in REST: use optional fields, and check in the handler"),
            );
        }
    }
}

fn enum_names(of: &Enum, problems: &mut Problems) {
    let mut seen = HashMap::new();
    for value in &of.values {
        if let Some(first) = seen.insert(&value.json, value.number) {
            problems.add(
                &of.place,
                format!("the values {first} and {} are both {:?} in JSON: rename one", value.number, value.json),
            );
        }
    }
}

fn message_fields(message: &Message, problems: &mut Problems) {
    let mut seen = HashMap::new();
    for field in &message.fields {
        if let Some(first) = seen.insert(&field.json, &field.name) {
            problems.add(
                &field.place,
                format!("{first} and {} are both {:?} in JSON: change one json_name", field.name, field.json),
            );
        }
        ordering(field, problems);
        bounds(field, problems);
        if field.options.secret && !matches!(field.kind, Kind::Text | Kind::Bytes) {
            problems
                .add(&field.place, "only strings and bytes can be secret: mark the fields that hold the secret itself");
        }
        if message.mask().is_some() && field.json != field.name {
            problems.add(&field.place, "a mask names fields as JSON does: remove json_name from a message with a mask");
        }
    }
}

fn ordering(field: &Field, problems: &mut Problems) {
    let is_ordering = !field.options.ordering.is_empty();
    if is_ordering && (field.repeated || field.optional || !matches!(field.kind, Kind::Text)) {
        problems
            .add(&field.place, "the option `ordering` is for a plain string: its value is a list of keys with commas");
    }
}

fn bounds(field: &Field, problems: &mut Problems) {
    let rules = [Some(&field.rules), field.rules.items.as_deref()];
    let crossed = rules.into_iter().flatten().any(|rules| {
        let longer = rules.min_len.zip(rules.max_len).is_some_and(|(min, max)| min > max);
        let more = rules.min_items.zip(rules.max_items).is_some_and(|(min, max)| min > max);
        longer || more || rules.min.zip(rules.max).is_some_and(|(min, max)| min > max)
    });
    if crossed {
        problems.add(&field.place, "no value satisfies the rules: the least is above the most");
    }
}

/// The account is the caller's. A request that could name it would have to be checked everywhere.
fn rest_request(message: &Message, problems: &mut Problems) {
    if let Some(field) = message.field("account_id") {
        problems.add(&field.place, "a request in REST names an account: remove account_id; the caller's token has it");
    }
}
