//! What a text must look like.

use uuid::Uuid;

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Email,
    Hostname,
    Uuid,
}

impl Format {
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text) && !is_number(text.rsplit('.').next().unwrap_or_default()),
            Self::Uuid => text.len() == uuid::fmt::Hyphenated::LENGTH && Uuid::try_parse(text).is_ok(),
        }
    }

    pub const fn advice(self) -> &'static str {
        match self {
            Self::Email => "This is not an e-mail address. Write it as name@example.com.",
            Self::Hostname => {
                "This is not a host name. Write it as www.example.com, without https:// and without a path."
            }
            Self::Uuid => "This is not an id. Ids look like 01890a5d-ac96-774b-bcce-b302099a8057.",
        }
    }
}

/// As HTML defines it for `<input type="email">`: what browsers accept must not fail here, and nothing else is sent mail.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    !local.is_empty() && local.bytes().all(is_local) && is_hostname(domain)
}

/// Labels of letters, digits and inner hyphens (RFC 1123).
fn is_hostname(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A last label of digits belongs to an address, not to a name.
fn is_number(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Format::{Email, Hostname, Uuid};

    #[test]
    fn an_email_has_a_local_part_and_a_host() {
        for good in ["a@example.com", "first.last+tag@sub.example.co.uk", "o'brien@localhost"] {
            assert!(Email.admits(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@c.com",
            "a@-b.com",
            "ä@example.com",
            "a@example..com",
        ] {
            assert!(!Email.admits(bad), "{bad}");
        }
    }

    #[test]
    fn a_host_name_is_no_address_and_no_url() {
        let longest_label = "a".repeat(63);
        for good in
            ["example.com", "WWW.Example.com", "xn--bcher-kva.example", "localhost", "1.example", &longest_label]
        {
            assert!(Hostname.admits(good), "{good}");
        }
        let too_long = format!("{}.com", vec!["a".repeat(63); 4].join("."));
        let label_too_long = "a".repeat(64);
        for bad in [
            "",
            "example.com.",
            "https://example.com",
            "example.com/a",
            "127.0.0.1",
            "a_b.com",
            "-a.com",
            "a-.com",
            &too_long,
            &label_too_long,
        ] {
            assert!(!Hostname.admits(bad), "{bad}");
        }
    }

    #[test]
    fn an_id_is_a_hyphenated_uuid() {
        assert!(Uuid.admits("01890a5d-ac96-774b-bcce-b302099a8057"));
        assert!(Uuid.admits("01890A5D-AC96-774B-BCCE-B302099A8057"));
        for bad in [
            "",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "01890a5d-ac96-774b-bcce-b302099a805g",
        ] {
            assert!(!Uuid.admits(bad), "{bad}");
        }
    }
}
