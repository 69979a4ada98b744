//! E-mail addresses, as this service compares them.

/// The form in which an address is stored and looked up: without spaces around it and in lower case. RFC 5321 lets the part before the `@`
/// tell case apart; no provider does, and people type it either way.
pub fn normalise(address: &str) -> String {
    address.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_surrounding_space_do_not_tell_addresses_apart() {
        assert_eq!(normalise(" Ada@Example.COM "), "ada@example.com");
    }
}
