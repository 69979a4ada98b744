//! Excerpts without secrets.
//!
//! What looks like a credential is masked, and what only might be one too: an excerpt is for finding out what went wrong, and a word too
//! little does no harm there.

/// How much of a text is kept, in characters.
const EXCERPT: usize = 2000;
const MASKED: &str = "[masked]";

/// Beginnings of keys as their issuers write them.
const ISSUED: &[&str] = &["sk-", "sk_", "pk_", "rk_", "igny8_", "ghp_", "github_pat_", "xox", "AKIA", "AIza", "eyJ"];
/// Words that announce a credential.
const ANNOUNCE: &[&str] = &["authorization", "bearer", "basic", "token", "secret", "password", "passwd", "cookie"];
/// From this length on, a word of letters and digits without meaning is taken for a key.
const RANDOM: usize = 32;

/// The first part of a text, with secrets masked.
pub(super) fn excerpt(text: &str) -> String {
    // A key that the cut would halve is whole while it is looked for.
    let text: String = text.chars().filter(|character| *character != '\0').take(EXCERPT + 500).collect();
    let mut masked = mask(&text);
    if let Some((cut, _)) = masked.char_indices().nth(EXCERPT) {
        masked.truncate(cut);
        masked.push('…');
    }
    masked
}

fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let (mut announced, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| belongs(character) != belongs(first)).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        if !belongs(first) {
            // `token: …` and `token=…` announce; a sentence that goes on without a sign does so for `Bearer` only.
            announced = announced && piece.chars().all(|character| matches!(character, ' ' | ':' | '=' | '"' | '\''));
            masked.push_str(piece);
            continue;
        }
        let before_secret = announces(piece, rest, announced);
        let secret = !before_secret && (announced || is_issued(piece) || is_random(piece));
        masked.push_str(if secret { MASKED } else { piece });
        announced = before_secret;
    }
    masked
}

/// Whether a character can stand in a credential.
fn belongs(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '+' | '~')
}

/// `basic` is an ordinary word, unless a header was announced.
fn announces(word: &str, behind: &str, announced: bool) -> bool {
    let word = word.to_lowercase();
    let assigned = behind.trim_start_matches(['"', '\'']).trim_start().starts_with([':', '=']);
    match word.as_str() {
        "bearer" => behind.starts_with(' '),
        "basic" => announced && behind.starts_with(' '),
        _ => assigned && (ANNOUNCE.iter().any(|announce| word.contains(announce)) || word.ends_with("key")),
    }
}

fn is_issued(word: &str) -> bool {
    word.len() >= 12 && ISSUED.iter().any(|beginning| word.starts_with(beginning))
}

fn is_random(word: &str) -> bool {
    let digits = word.chars().any(|character| character.is_ascii_digit());
    let letters = word.chars().any(char::is_alphabetic);
    // An id has hyphens; the same digits without them are as likely a key.
    let id = word.contains('-') && uuid::Uuid::try_parse(word).is_ok();
    word.len() >= RANDOM && digits && letters && !word.contains(['/', '.']) && !id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tokens_and_passwords_are_masked() {
        for (text, masked) in [
            ("Authorization: Bearer abc.def-123", "Authorization: Bearer [masked]"),
            ("authorization: Basic YWRhOmxvdmU", "authorization: Basic [masked]"),
            (r#"{"api_key": "short", "n": 1}"#, r#"{"api_key": "[masked]", "n": 1}"#),
            ("password=hunter2&user=ada", "password=[masked]&user=ada"),
            ("Incorrect API key provided: sk-proj-1234567890abcdef.", "Incorrect API key provided: [masked]"),
            ("session 0123456789abcdef0123456789abcdef", "session [masked]"),
        ] {
            assert_eq!(excerpt(text), masked);
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "The key to good espresso is fresh coffee, a basic grinder and a token effort.",
            "clusters: 12, 01890a5d-ac96-774b-bcce-b302099a8057",
            "https://example.com/a/very/long/path/with/2026/and/letters",
        ] {
            assert_eq!(excerpt(text), text);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt(&"ä ".repeat(5000)).chars().count(), EXCERPT + 1);
    }

    proptest::proptest! {
        #[test]
        fn an_issued_key_never_shows(before in "[ -~]{0,80}", after in "[ -~]{0,40}") {
            let key = "sk-live0123456789";
            let masked = excerpt(&format!("{before} {key} {after}"));
            proptest::prop_assert!(!masked.contains(key));
        }
    }
}
