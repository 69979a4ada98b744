//! OpenAPI has one namespace for the schemas of all services.

use std::collections::{BTreeSet, HashMap};

use crate::{model::Model, problems::Problems};

pub(super) fn check(model: &Model, problems: &mut Problems) {
    let rest = model.methods().filter(|method| method.http.is_some());
    let names = model.reachable(rest.flat_map(|method| [method.input.as_str(), method.output.as_str()]));
    let messages: Vec<_> = names.iter().filter_map(|name| model.message(name)).collect();
    let enums: BTreeSet<_> = messages.iter().flat_map(|message| message.enums()).collect();
    let enums = enums.into_iter().filter_map(|name| model.enums.get(name)).map(|of| (&of.short, &of.place));
    let messages = messages.iter().map(|message| (&message.short, &message.place));
    let mut seen = HashMap::new();
    for (short, place) in messages.chain(enums) {
        if let Some(first) = seen.insert(short, place) {
            problems.add(place, format!("the name is also that of {first}, and OpenAPI has it once: rename one"));
        }
    }
}
