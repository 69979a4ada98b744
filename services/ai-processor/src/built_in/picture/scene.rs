//! Where everything stands: the pattern, a mark, the title in lines, the subtitle below.

use std::fmt::Write as _;

use contracts::ai_processor::v1 as pb;
use html::escape;

use super::colours::Palette;
use super::dice::Dice;
use super::pattern;
use super::text::{self, FAMILY, Weight, Word};

const MOST_LINES: usize = 4;
/// Smaller letters cannot be read.
const SMALLEST_LETTERS: f64 = 9.0;
/// From one line to the next, of the size of the letters.
const LEADING: f64 = 1.14;

#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) width: u32,
    pub(super) height: u32,
    title: String,
    subtitle: String,
    palette: Palette,
    pattern: usize,
    dice: Dice,
}

impl Scene {
    /// The same picture with another title.
    #[cfg(test)]
    pub(super) fn titled(&self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self.clone() }
    }
}

/// The title in lines, in the size in which it fits.
#[derive(Debug, Clone)]
struct Title {
    lines: Vec<Vec<Word>>,
    size: f64,
}

impl Scene {
    pub(super) fn new(input: &pb::ImageInput, width: u32, height: u32) -> Self {
        let mut dice = Dice::new(&[&input.title, &input.prompt]);
        let variant = usize::try_from(input.variant).unwrap_or_default();
        let (turn, pattern) = (dice.below(64), dice.below(pattern::KINDS));
        // With colours of its own, a site has the first of them behind.
        let turn = if input.colours.is_empty() { turn } else { 0 };
        Self {
            width,
            height,
            title: input.title.clone(),
            subtitle: input.subtitle.clone(),
            palette: Palette::new(&input.colours, turn + variant),
            pattern: pattern + variant,
            dice,
        }
    }

    pub(super) fn svg(&self) -> anyhow::Result<String> {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let background = self.palette.background;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"{FAMILY}\">\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>"
        );
        svg.push_str(&pattern::of(self.pattern, width, height, &self.palette, &mut self.dice.clone()));
        self.write(&mut svg)?;
        svg.push_str("</svg>");
        Ok(svg)
    }

    fn margin(&self) -> f64 {
        f64::from(self.width.min(self.height)) * 0.09
    }

    /// How wide lines may be. A wide picture keeps its right edge free.
    fn room(&self) -> f64 {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let share = if width > height * 1.3 { 0.8 } else { 1.0 };
        (width - 2.0 * self.margin()) * share
    }

    /// The title, the subtitle and the mark, in the middle of the height.
    fn write(&self, svg: &mut String) -> anyhow::Result<()> {
        let Some(title) = self.title(&text::words(&self.title, Weight::Bold)?) else { return Ok(()) };
        let (room, left, bar) = (self.room(), self.margin(), title.size * 0.14);
        let small = (title.size * 0.42).max(SMALLEST_LETTERS);
        let subtitle = text::cut(text::words(&self.subtitle, Weight::Regular)?, room / small);
        let count = u32::try_from(title.lines.len()).unwrap_or_default();
        let below = if subtitle.is_empty() { 0.0 } else { small * 2.0 };
        let block = bar * 4.0 + f64::from(count) * title.size * LEADING + below;
        let mut y = (f64::from(self.height) - block) / 2.0;
        let (accent, ink) = (self.palette.accent, self.palette.text);
        let length = title.size * 1.3;
        let _ = write!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{bar:.1}\" rx=\"{:.1}\" fill=\"{accent}\"/>",
            bar / 2.0
        );
        y += bar * 4.0;
        let mut line = |words: &[Word], y: f64, size: f64, weight: Weight| {
            let words: Vec<String> = words.iter().map(|word| escape(&word.text)).collect();
            let (text, weight) = (words.join(" "), weight.number());
            let _ = write!(
                svg,
                "<text x=\"{left:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" font-weight=\"{weight}\" fill=\"{ink}\">{text}</text>"
            );
        };
        for words in &title.lines {
            line(words, y + title.size * 0.86, title.size, Weight::Bold);
            y += title.size * LEADING;
        }
        if !subtitle.is_empty() {
            line(&subtitle, y + small * 1.3, small, Weight::Regular);
        }
        Ok(())
    }

    /// The largest letters in which the title fits; none where it cannot be read at any size.
    fn title(&self, words: &[Word]) -> Option<Title> {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let (room, widest) = (self.room(), words.iter().map(|word| word.width).fold(0.0, f64::max));
        let mut size = (height * 0.15).min(width * 0.08).max(SMALLEST_LETTERS);
        if words.is_empty() || widest == 0.0 {
            return None;
        }
        while size >= SMALLEST_LETTERS {
            let lines = text::lines(words, room / size);
            let count = f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX));
            let fits = lines.len() <= MOST_LINES && count * size * LEADING <= height * 0.6 && widest * size <= room;
            if fits {
                return Some(Title { lines, size });
            }
            size *= 0.94;
        }
        self.short(words)
    }

    /// The beginning of a title that is too long, where at least one line of letters has room.
    fn short(&self, words: &[Word]) -> Option<Title> {
        let (room, size) = (self.room(), SMALLEST_LETTERS);
        let most = MOST_LINES.min(
            (1..=MOST_LINES)
                .take_while(|count| {
                    let count = f64::from(u32::try_from(*count).unwrap_or(u32::MAX));
                    count * size * LEADING <= f64::from(self.height) * 0.6
                })
                .count(),
        );
        // Fewer than a few letters say nothing.
        if most == 0 || room / size < 4.0 {
            return None;
        }
        let mut lines = text::lines(words, room / size);
        let left_out = lines.split_off(most.min(lines.len()));
        let last = lines.pop()?;
        let last =
            if left_out.is_empty() { last } else { last.into_iter().chain(left_out.into_iter().flatten()).collect() };
        lines.push(last);
        let lines = lines.into_iter().map(|line| text::cut(line, room / size)).collect();
        Some(Title { lines, size })
    }
}
