//! What a message holds, for code that meets its JSON before its Rust type: the gateway.

use std::fmt;

/// The fields of a message, in the order of their declaration.
pub struct Message {
    /// The full name: `igny8.auth.v1.Site`.
    pub name: &'static str,
    /// Every field, members of a `oneof` among them.
    pub fields: &'static [Field],
}

impl Message {
    /// The field with this JSON name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Only the name: messages may hold one another in a circle.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One field of a message.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts of a table, none of them a state")]
pub struct Field {
    /// The key in JSON.
    pub name: &'static str,
    /// The type of the value, or of each value of a list.
    pub kind: Kind,
    /// Whether it is a list.
    pub repeated: bool,
    /// Whether JSON may give `null`: the field is `optional`, or a message.
    pub nullable: bool,
    /// Whether the rules refuse the default value: it must be given, except in a PATCH.
    pub required: bool,
    /// Never in a log, a span or a second read.
    pub secret: bool,
    /// The `filter` of a list request: its own fields are the query's keys.
    pub flattened: bool,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A number.
    Int32,
    /// A number that is not negative.
    UInt32,
    /// A number; in JSON within ±2^53.
    Int64,
    /// A number that is not negative; in JSON below 2^53.
    UInt64,
    /// A number with a fraction.
    Double,
    /// A string.
    Text,
    /// A string in base64.
    Bytes,
    /// A string in RFC 3339.
    Timestamp,
    /// The names of the fields that a PATCH changes. Never in a body: the gateway writes it from the body's keys.
    Mask,
    /// An object with keys of one's own.
    Map,
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// An object.
    Message(&'static Message),
}
