//! Enums by their short names.

/// An enum of the contracts by the names it has in JSON and in the database: lower case, without the prefix (`trial`). The zero value,
/// `…_UNSPECIFIED`, has none. Generated for every enum.
pub trait JsonEnum: Copy + Into<i32> + TryFrom<i32> + 'static {
    /// The full name: `igny8.auth.v1.AccountStatus`.
    const NAME: &'static str;
    /// Every name, in the order of the numbers.
    const NAMES: &'static [&'static str];

    /// The name of a value; `None` for the unspecified one.
    fn json_name(self) -> Option<&'static str>;

    /// The value with this name.
    fn from_json_name(name: &str) -> Option<Self>;
}
