//! Names as prost writes them.

use crate::model::{Message, camel, snake};

/// `igny8.auth.v1.Site` → `crate::auth::v1::Site`.
pub(super) fn path(full_name: &str) -> String {
    full_name.replacen("igny8", "crate", 1).replace('.', "::")
}

/// The enum of a oneof: `crate::auth::v1::exchange_request::Credential`.
pub(super) fn oneof(message: &Message, oneof: &str) -> String {
    let package = message.name.strip_suffix(&message.short).unwrap_or_default();
    path(&format!("{package}{}.{}", snake(&message.short), camel(oneof)))
}

/// `igny8.auth.v1.Site` → `IGNY8_AUTH_V1_SITE`, unlike that of any other message.
pub(super) fn constant(full_name: &str) -> String {
    let words = full_name.replace('.', "_");
    let mut name = String::new();
    for (index, character) in words.char_indices() {
        let after_lower =
            index.checked_sub(1).and_then(|before| words.as_bytes().get(before)).is_some_and(u8::is_ascii_lowercase);
        if character.is_ascii_uppercase() && after_lower {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

/// The name of a field in Rust: raw where it is a keyword.
pub(super) fn field(name: &str) -> String {
    const KEYWORDS: [&str; 46] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
        "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
        "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type",
        "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}
