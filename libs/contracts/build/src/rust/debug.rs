//! `Debug` of messages with secrets: prost's own would write them into the first log that prints a request.

use crate::model::{Field, Message, Model};

use super::names;

/// The paths of the messages that prost derives no `Debug` for.
pub(super) fn messages_with_secrets(model: &Model) -> Vec<String> {
    secretive(model).map(|message| message.name.clone()).collect()
}

pub(super) fn write(model: &Model) -> String {
    secretive(model).map(implementation).collect()
}

fn secretive(model: &Model) -> impl Iterator<Item = &Message> {
    model.messages.values().filter(|message| message.fields.iter().any(|field| field.options.secret))
}

fn implementation(message: &Message) -> String {
    let fields: String = message.fields.iter().filter(|field| field.oneof.is_none()).map(line).collect();
    let oneofs: String = message.oneofs.iter().map(|oneof| oneof_line(oneof)).collect();
    let members: String = message.oneofs.iter().map(|oneof| oneof_implementation(message, oneof)).collect();
    format!(
        "impl std::fmt::Debug for {path} {{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
        f.debug_struct({short:?})
{fields}{oneofs}            .finish()
    }}
}}\n{members}\n",
        path = names::path(&message.name),
        short = message.short,
    )
}

/// Of a oneof beside a secret nothing is shown: prost leaves its `Debug` out too.
fn oneof_line(oneof: &str) -> String {
    format!("            .field({oneof:?}, &debug::Hidden(self.{}.is_none()))\n", names::field(oneof))
}

fn oneof_implementation(message: &Message, oneof: &str) -> String {
    format!(
        "impl std::fmt::Debug for {} {{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
        debug::Hidden(false).fmt(f)
    }}
}}\n",
        names::oneof(message, oneof)
    )
}

fn line(field: &Field) -> String {
    let name = names::field(&field.name);
    let value = match (field.options.secret, field.optional) {
        (false, _) => format!("self.{name}"),
        (true, true) => format!("debug::Hidden(self.{name}.is_none())"),
        (true, false) => format!("debug::Hidden(self.{name}.is_empty())"),
    };
    format!("            .field({:?}, &{value})\n", field.name)
}
