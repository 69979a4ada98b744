//! The short names of enums.

use std::fmt::Write;

use crate::model::{Enum, Model};

use super::names;

/// `ENUMS`, and an implementation of `JsonEnum` for each. It goes by number, so that it need not know how prost names variants.
pub(super) fn write(model: &Model) -> String {
    let rows: String = model.enums.values().map(|of| format!("    ({:?}, {}),\n", of.name, json_names(of))).collect();
    let table = format!(
        "/// Every enum: its full name and the names of its values in JSON, without the unspecified one. Sorted.\n\
         pub static ENUMS: &[(&str, &[&str])] = &[\n{rows}];\n\n"
    );
    model.enums.values().fold(table, |text, of| text + &implementation(of))
}

/// As a Rust slice.
pub(super) fn json_names(of: &Enum) -> String {
    format!("&{:?}", of.values.iter().map(|value| value.json.as_str()).collect::<Vec<_>>())
}

fn implementation(of: &Enum) -> String {
    let (mut to_name, mut to_number) = (String::new(), String::new());
    for value in &of.values {
        let (number, json) = (value.number, &value.json);
        // A string takes every write.
        let _ = write!(to_name, "{number} => Some({json:?}), ");
        let _ = write!(to_number, "{json:?} => {number}, ");
    }
    format!(
        "impl JsonEnum for {path} {{
    const NAME: &'static str = {name:?};
    const NAMES: &'static [&'static str] = {names};
    fn json_name(self) -> Option<&'static str> {{
        match i32::from(self) {{ {to_name}_ => None }}
    }}
    fn from_json_name(name: &str) -> Option<Self> {{
        Self::try_from(match name {{ {to_number}_ => return None }}).ok()
    }}
}}\n\n",
        path = names::path(&of.name),
        name = of.name,
        names = json_names(of),
    )
}
