//! Colours that go together: a background, shapes on it, and letters that can be read on both.

use std::fmt;

/// As WCAG asks for text of ordinary size.
const READABLE: f64 = 4.5;

const WHITE: Colour = Colour([255, 255, 255]);
const INK: Colour = Colour([18, 22, 28]);

/// Background and accent of pictures for sites that name no colours.
const OWN: [[Colour; 2]; 8] = [
    [Colour([18, 52, 59]), Colour([225, 179, 130])],
    [Colour([31, 42, 68]), Colour([242, 166, 90])],
    [Colour([45, 48, 71]), Colour([147, 183, 190])],
    [Colour([58, 46, 57]), Colour([244, 216, 205])],
    [Colour([11, 57, 84]), Colour([191, 215, 234])],
    [Colour([39, 64, 41]), Colour([181, 201, 154])],
    [Colour([244, 241, 222]), Colour([224, 122, 95])],
    [Colour([238, 242, 245]), Colour([61, 90, 128])],
];

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// `#1a2b3c` or `#abc`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#')?;
        let digits: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(&digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// `share` of the other colour and the rest of this one.
    fn mixed(self, other: Self, share: f64) -> Self {
        let [red, green, blue] = self.0;
        let [other_red, other_green, other_blue] = other.0;
        let mix = |one: u8, other: u8| nearest(f64::from(one) + (f64::from(other) - f64::from(one)) * share);
        Self([mix(red, other_red), mix(green, other_green), mix(blue, other_blue)])
    }

    /// Relative luminance as WCAG defines it, 0 to 1.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

/// The nearest value of a colour's part.
fn nearest(part: f64) -> u8 {
    (0..=u8::MAX).find(|value| f64::from(*value) + 0.5 > part).unwrap_or(u8::MAX)
}

/// How well one colour is seen on the other, 1 to 21.
pub(super) fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Palette {
    pub(super) background: Colour,
    /// Of small marks.
    pub(super) accent: Colour,
    /// Of the pattern, from quiet to loud. Letters can be read on all of them.
    pub(super) shapes: [Colour; 3],
    pub(super) text: Colour,
}

impl Palette {
    /// Of the site's colours, the first one behind; without any, of our own. `turn` chooses among them.
    pub(super) fn new(colours: &[String], turn: usize) -> Self {
        let named: Vec<Colour> = colours.iter().filter_map(|colour| Colour::read(colour)).collect();
        let named_at = |step: usize| named.get((turn + step) % named.len().max(1)).copied();
        let own = OWN.get(turn % OWN.len()).copied().unwrap_or([INK, WHITE]);
        let [background, accent] = match (named_at(0), named_at(1)) {
            (Some(background), Some(accent)) if background != accent => [background, accent],
            (Some(background), _) => [background, background.mixed(opposite(background), 0.5)],
            _ => own,
        };
        Self::of(background, accent)
    }

    fn of(background: Colour, accent: Colour) -> Self {
        let text = opposite(background);
        let away = if text == WHITE { INK } else { WHITE };
        // A colour in the middle carries neither white nor ink well: it moves away from the letters.
        let steps = (0..=10).map(|step| background.mixed(away, f64::from(step) / 10.0));
        let background = steps.into_iter().find(|colour| contrast(*colour, text) >= READABLE).unwrap_or(away);
        let shape = |most: f64| {
            let weaker = (0..20).map(|step| background.mixed(accent, most * f64::from(20 - step) / 20.0));
            weaker.into_iter().find(|colour| contrast(*colour, text) >= READABLE).unwrap_or(background)
        };
        let accent = if contrast(accent, background) >= 1.6 { accent } else { text };
        Self { background, accent, shapes: [shape(0.12), shape(0.24), shape(0.4)], text }
    }
}

/// White or ink, whichever is seen better.
fn opposite(colour: Colour) -> Colour {
    if contrast(WHITE, colour) >= contrast(INK, colour) { WHITE } else { INK }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_read_in_both_spellings_and_nothing_else_is() {
        assert_eq!(Colour::read("#1a2B3c").map(|colour| colour.to_string()).as_deref(), Some("#1a2b3c"));
        assert_eq!(Colour::read(" #abc "), Colour::read("#aabbcc"));
        for wrong in ["1a2b3c", "#12", "#12345g", "red", "#é1234", ""] {
            assert_eq!(Colour::read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn letters_can_be_read_on_any_colours(one in "#[0-9a-f]{6}", other in "#[0-9a-f]{6}", turn in 0..9usize) {
            let palette = Palette::new(&[one, other], turn);
            for behind in palette.shapes.into_iter().chain([palette.background]) {
                prop_assert!(contrast(behind, palette.text) >= READABLE, "{palette:?}");
            }
        }
    }
}
