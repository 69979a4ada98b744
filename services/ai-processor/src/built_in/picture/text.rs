//! Letters: the bundled font, how wide words are in it, and where lines end.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use html::escape;
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Node, Options, Tree};

pub(super) const FAMILY: &str = "Inter";
/// The size in which words are measured.
const MEASURED: f64 = 100.0;
/// The width of the mark after a text that was cut, with some room.
const MARK: f64 = 0.9;
/// Between two words, of the size of the letters.
const SPACE: f64 = 0.28;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    let [bold, regular]: [&'static [u8]; 2] =
        [include_bytes!("../../../fonts/Inter-SemiBold.otf"), include_bytes!("../../../fonts/Inter-Regular.otf")];
    for font in [bold, regular] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    Arc::new(fonts)
});

/// Only our fonts, no files, no addresses.
pub(super) fn options() -> Options<'static> {
    Options { fontdb: FONTS.clone(), font_family: FAMILY.to_owned(), ..Options::default() }
}

/// The thickness of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Regular => 400,
            Self::Bold => 600,
        }
    }
}

/// A word with its width at a size of 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) width: f64,
}

/// The words of a text that the font can draw. A text in another script has none: half of a title would be worse than no title.
pub(super) fn words(text: &str, weight: Weight) -> anyhow::Result<Vec<Word>> {
    if text.chars().any(|letter| letter.is_alphanumeric() && !drawable(letter)) {
        return Ok(Vec::new());
    }
    let drawn: String = text.chars().map(|letter| if drawable(letter) { letter } else { ' ' }).collect();
    let texts: Vec<&str> = drawn.split_whitespace().collect();
    let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\">");
    for text in &texts {
        let (weight, text) = (weight.number(), escape(text));
        let _ = write!(svg, "<text y=\"{MEASURED}\" font-size=\"{MEASURED}\" font-weight=\"{weight}\">{text}</text>");
    }
    svg.push_str("</svg>");
    let tree = Tree::from_str(&svg, &options())?;
    let mut widths = Vec::with_capacity(texts.len());
    collect(tree.root().children(), &mut widths);
    anyhow::ensure!(widths.len() == texts.len(), "{} of {} words were measured", widths.len(), texts.len());
    let word = |(text, width): (&str, f64)| Word { text: text.to_owned(), width: width / MEASURED };
    Ok(texts.into_iter().zip(widths).map(word).collect())
}

fn collect(nodes: &[Node], widths: &mut Vec<f64>) {
    for node in nodes {
        match node {
            Node::Text(text) => widths.push(f64::from(text.bounding_box().width())),
            Node::Group(group) => collect(group.children(), widths),
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}

/// What the bundled files hold.
fn drawable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a0}'..='\u{24f}' | '\u{370}'..='\u{4ff}' | '\u{1e00}'..='\u{1eff}'
        | '‐'..='‧' | '‰'..='›' | '₠'..='₿' | '™' | '←'..='↓' | '−')
}

/// A line and its width at a size of 1.
pub(super) fn width(line: &[Word]) -> f64 {
    let gaps = u32::try_from(line.len().saturating_sub(1)).unwrap_or_default();
    line.iter().map(|word| word.width).sum::<f64>() + f64::from(gaps) * SPACE
}

/// As few lines as fit into a width, and among those the most even ones.
pub(super) fn lines(words: &[Word], room: f64) -> Vec<Vec<Word>> {
    let fewest = broken(words, room);
    let narrower = (1..=12).map(|step| broken(words, room * (1.0 - 0.05 * f64::from(step))));
    let fits = |lines: &Vec<Vec<Word>>| lines.len() == fewest.len() && lines.iter().all(|line| width(line) <= room);
    let widest = |lines: &Vec<Vec<Word>>| lines.iter().map(|line| width(line)).fold(0.0, f64::max);
    let even = narrower.filter(fits).min_by(|one, other| widest(one).total_cmp(&widest(other)));
    even.unwrap_or(fewest)
}

fn broken(words: &[Word], room: f64) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = Vec::new();
    let mut taken = 0.0;
    for word in words {
        match lines.last_mut() {
            Some(line) if taken + SPACE + word.width <= room => {
                taken += SPACE + word.width;
                line.push(word.clone());
            }
            _ => {
                taken = word.width;
                lines.push(vec![word.clone()]);
            }
        }
    }
    lines
}

/// One line, cut where it has no room, with a mark that it was.
pub(super) fn cut(mut line: Vec<Word>, room: f64) -> Vec<Word> {
    let whole = line.len();
    while line.len() > 1 && width(&line) > room {
        line.pop();
    }
    if let Some(last) = line.last_mut().filter(|_| whole > 0) {
        let letters = last.text.chars().count();
        if last.width > room {
            // Room for the mark, and for letters that are wider than those cut off.
            let share = (room - MARK).max(0.0) / last.width * f64::from(u32::try_from(letters).unwrap_or(u32::MAX));
            let share = share * 0.85;
            let fitting = (0_u32..).zip(last.text.chars()).take_while(|(at, _)| f64::from(*at) + 1.0 < share);
            last.text = fitting.map(|(_, letter)| letter).collect();
            last.width = room;
        }
        if letters != last.text.chars().count() || line.len() < whole {
            mark(&mut line);
        }
    }
    line
}

fn mark(line: &mut [Word]) {
    if let Some(last) = line.last_mut() {
        last.text = format!("{}…", last.text.trim_end_matches(|letter: char| !letter.is_alphanumeric()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_wider_than_narrow_ones_and_bold_ones_than_regular_ones() {
        let width = |text: &str, weight| words(text, weight).unwrap().iter().map(|word| word.width).sum::<f64>();
        assert!(width("MMMM", Weight::Bold) > 2.5 * width("iiii", Weight::Bold));
        assert!(width("Espresso", Weight::Bold) > width("Espresso", Weight::Regular));
    }

    #[test]
    fn lines_are_few_and_even() {
        let words = words("How to Store Espresso Beans So They Stay Fresh", Weight::Bold).unwrap();
        let room = width(&words) * 0.6;
        let lines = lines(&words, room);
        assert_eq!(lines.len(), 2);
        let widths: Vec<f64> = lines.iter().map(|line| width(line)).collect();
        assert!((widths[0] - widths[1]).abs() < room * 0.3, "{widths:?}");
    }

    #[test]
    fn letters_that_the_font_lacks_are_not_drawn_as_boxes() {
        assert_eq!(words("コーヒー beans", Weight::Bold).unwrap(), []);
        let texts: Vec<String> =
            words("Fresh ☕ beans", Weight::Bold).unwrap().into_iter().map(|word| word.text).collect();
        assert_eq!(texts, ["Fresh", "beans"]);
        assert_eq!(words("Жизнь, Ελλάδα, Łódź", Weight::Regular).unwrap().len(), 3);
    }
}
