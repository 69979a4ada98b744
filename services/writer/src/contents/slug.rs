//! The last part of a page's address.

/// As many characters as an address line shows.
const LONGEST: usize = 80;

/// Lower case words joined by hyphens, at most 80 characters; never empty.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    let lower = text.to_lowercase().replace(['\'', '’'], "");
    for word in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() && slug.chars().count() + word.chars().count() >= LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(LONGEST));
    }
    if slug.is_empty() { "article".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_words_and_hyphens_and_settles() {
        assert_eq!(slug("How to Bake Rye Bread: A Baker’s Guide!"), "how-to-bake-rye-bread-a-bakers-guide");
        assert_eq!(slug("--already-a-slug--"), "already-a-slug");
        assert_eq!(slug("Brötchen & Brezeln"), "brötchen-brezeln");
        assert_eq!(slug("?!"), "article");
        let long = slug(&"word ".repeat(100));
        assert!(long.chars().count() <= 80 && long.ends_with("word"), "{long}");
        assert_eq!(slug(&long), long);
        assert_eq!(slug(&"x".repeat(300)).len(), 80);
    }
}
