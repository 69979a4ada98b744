//! Walks a request and collects what is wrong with it. The generated code calls one method for each field.

use std::{collections::HashSet, fmt::Write, hash::Hash};

use prost_types::FieldMask;

use super::{Items, Range, Text, Violation};
use crate::JsonEnum;

const REQUIRED: &str = "This is required. Fill it in.";

/// Where the walk is, and what it has found. Nothing is allocated as long as nothing is wrong.
#[derive(Debug, Default)]
pub struct Checks {
    path: Vec<Step>,
    violations: Vec<Violation>,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Checks {
    /// Everything that `walk` finds.
    pub fn of(walk: impl FnOnce(&mut Self)) -> Vec<Violation> {
        let mut checks = Self::default();
        walk(&mut checks);
        checks.violations
    }

    fn report(&mut self, field: &'static str, message: impl Into<String>) {
        self.path.push(Step::Field(field));
        self.report_here(message);
        self.path.pop();
    }

    fn report_here(&mut self, message: impl Into<String>) {
        let mut field = String::new();
        for step in &self.path {
            let dot = if field.is_empty() { "" } else { "." };
            let written = match step {
                Step::Field(name) => write!(field, "{dot}{name}"),
                Step::Item(index) => write!(field, "{dot}{index}"),
            };
            debug_assert!(written.is_ok(), "a string takes every write");
        }
        self.violations.push(Violation { field, message: message.into() });
    }

    fn required(&mut self, field: &'static str, missing: bool) {
        if missing {
            self.report(field, REQUIRED);
        }
    }

    /// A text. An empty one breaks only `required`, which nothing but white space breaks too.
    pub fn text(&mut self, field: &'static str, text: &str, rules: &Text) {
        self.required(field, rules.required && text.trim().is_empty());
        if !text.is_empty() {
            self.text_rules(field, text, rules);
        }
    }

    /// An `optional` text: one that is set must satisfy every rule, empty or not.
    pub fn optional_text(&mut self, field: &'static str, text: Option<&str>, rules: &Text) {
        self.required(field, rules.required && text.is_none());
        if let Some(text) = text {
            self.text_rules(field, text, rules);
        }
    }

    fn text_rules(&mut self, field: &'static str, text: &str, rules: &Text) {
        for message in rules.broken_by(text) {
            self.report(field, message);
        }
    }

    /// A list of texts, with the rules of the list and of each item.
    pub fn texts(&mut self, field: &'static str, texts: &[String], items: &Items, rules: &Text) {
        self.list(field, texts.len(), items);
        self.each(field, texts, |checks, text| {
            for message in rules.broken_by(text) {
                checks.report_here(message);
            }
        });
    }

    /// The keys and values of a map hold no NUL either.
    pub fn map_texts<'a>(&mut self, field: &'static str, texts: impl Iterator<Item = &'a String>) {
        for text in texts {
            self.text_rules(field, text, &Text::ANY);
        }
    }

    /// A number. Zero is a number like any other, except to `required`.
    pub fn number(&mut self, field: &'static str, number: impl Into<i64>, required: bool, range: &Range) {
        let number = number.into();
        self.required(field, required && number == 0);
        if let Some(message) = range.broken_by(number) {
            self.report(field, message);
        }
    }

    /// An `optional` number.
    pub fn optional_number(
        &mut self,
        field: &'static str,
        number: Option<impl Into<i64>>,
        required: bool,
        range: &Range,
    ) {
        match number {
            Some(number) => self.number(field, number, false, range),
            None => self.required(field, required),
        }
    }

    /// An enum's value, which must be a known one.
    pub fn enumeration<E: JsonEnum>(&mut self, field: &'static str, value: i32, required: bool) {
        match E::try_from(value) {
            Ok(value) => self.required(field, required && value.json_name().is_none()),
            Err(_) => self.report(field, unknown::<E>()),
        }
    }

    /// An `optional` enum; one that is set may not be the unspecified value.
    pub fn optional_enumeration<E: JsonEnum>(&mut self, field: &'static str, value: Option<i32>, required: bool) {
        match value {
            Some(value) => self.enumeration::<E>(field, value, true),
            None => self.required(field, required),
        }
    }

    /// A list of an enum's values.
    pub fn enumerations<E: JsonEnum>(&mut self, field: &'static str, values: &[i32], items: &Items) {
        self.list(field, values.len(), items);
        self.each(field, values, |checks, value| {
            if E::try_from(*value).ok().and_then(E::json_name).is_none() {
                checks.report_here(unknown::<E>());
            }
        });
    }

    /// Whatever else is there or not: a message, bytes, a time, `true`.
    pub fn present(&mut self, field: &'static str, present: bool) {
        self.required(field, !present);
    }

    /// How many items a list has.
    pub fn list(&mut self, field: &'static str, count: usize, rules: &Items) {
        if let Some(message) = rules.broken_by(count) {
            self.report(field, message);
        }
    }

    /// No item of a list twice.
    pub fn unique<T: Eq + Hash>(&mut self, field: &'static str, items: &[T]) {
        let mut seen = HashSet::with_capacity(items.len());
        if !items.iter().all(|item| seen.insert(item)) {
            self.report(field, "An entry is given twice. Give each one once.");
        }
    }

    /// The inside of a message.
    pub fn nested<M>(&mut self, field: &'static str, message: Option<&M>, check: impl Fn(&mut Self, &M)) {
        if let Some(message) = message {
            self.path.push(Step::Field(field));
            check(self, message);
            self.path.pop();
        }
    }

    /// The inside of a message whose fields stand beside those of the outer one.
    pub fn flattened<M>(&mut self, message: Option<&M>, check: impl Fn(&mut Self, &M)) {
        if let Some(message) = message {
            check(self, message);
        }
    }

    /// The inside of each item of a list.
    pub fn each<T>(&mut self, field: &'static str, items: &[T], check: impl Fn(&mut Self, &T)) {
        self.path.push(Step::Field(field));
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Item(index));
            check(self, item);
            self.path.pop();
        }
        self.path.pop();
    }

    /// A mask may only name what can be changed.
    pub fn mask(&mut self, field: &'static str, mask: Option<&FieldMask>, known: &[&str]) {
        let paths = mask.map_or(&[][..], |mask| &mask.paths);
        for path in paths.iter().filter(|path| !known.contains(&path.as_str())) {
            self.report(field, format!("There is no field {path:?} to change. Use {}.", known.join(", ")));
        }
    }
}

/// Whether a mask names a field.
pub fn masked(mask: Option<&FieldMask>, field: &str) -> bool {
    mask.is_some_and(|mask| mask.paths.iter().any(|path| path == field))
}

fn unknown<E: JsonEnum>() -> String {
    format!("This value is not known. Use {}.", E::NAMES.join(", "))
}
