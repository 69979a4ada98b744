//! What stands behind the title. The right half is the livelier one: letters begin on the left.

use std::fmt::Write as _;

use super::colours::Palette;
use super::dice::Dice;

/// The kinds of patterns.
pub(super) const KINDS: usize = 6;

/// A pattern as SVG.
pub(super) fn of(kind: usize, width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    match kind % KINDS {
        0 => circles(width, height, palette, dice),
        1 => bands(width, height, palette, dice),
        2 => waves(width, height, palette, dice),
        3 => dots(width, height, palette, dice),
        4 => triangles(width, height, palette, dice),
        _ => arcs(width, height, palette, dice),
    }
}

fn shape(palette: &Palette, dice: &mut Dice) -> String {
    palette.shapes.get(dice.below(palette.shapes.len())).unwrap_or(&palette.background).to_string()
}

fn circles(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let small = width.min(height);
    let mut svg = String::new();
    for _ in 0..9 {
        let (x, y) = (dice.between(width * 0.45, width * 1.05), dice.between(-0.1 * height, height * 1.1));
        let (radius, fill) = (dice.between(small * 0.05, small * 0.34), shape(palette, dice));
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>");
    }
    svg
}

fn bands(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let slant = dice.between(0.3, 0.8) * height;
    let mut svg = String::new();
    let mut x = width * dice.between(0.42, 0.55);
    while x < width + slant {
        let thick = width * dice.between(0.03, 0.1);
        let fill = shape(palette, dice);
        let (top_right, low_right, low_left) = (x + thick, x + thick - slant, x - slant);
        let _ = write!(
            svg,
            "<path d=\"M{x:.1} 0H{top_right:.1}L{low_right:.1} {height}H{low_left:.1}Z\" fill=\"{fill}\"/>"
        );
        x += thick + width * dice.between(0.01, 0.06);
    }
    svg
}

fn waves(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let mut svg = String::new();
    for (at, fill) in (0_u32..).zip(palette.shapes) {
        let top = height * (0.62 + 0.13 * f64::from(at)) + dice.between(-0.04, 0.04) * height;
        let (swing, third) = (dice.between(0.06, 0.16) * height, width / 3.0);
        let (up, down) = (top - swing, top + swing);
        let _ = write!(
            svg,
            "<path d=\"M0 {top:.1}C{third:.1} {up:.1} {:.1} {down:.1} {width} {top:.1}V{height}H0Z\" fill=\"{fill}\"/>",
            2.0 * third
        );
    }
    svg
}

fn dots(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let step = width.max(height) / 22.0;
    let largest = step * dice.between(0.3, 0.45);
    let mut svg = String::new();
    let mut x = width * 0.4;
    while x < width + step {
        let mut y = step / 2.0;
        while y < height + step {
            // They grow towards the edge.
            let radius = largest * ((x / width - 0.4) / 0.6).clamp(0.1, 1.0);
            let fill = shape(palette, dice);
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>");
            y += step;
        }
        x += step;
    }
    svg
}

fn triangles(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let step = width.max(height) / 9.0;
    let mut svg = String::new();
    let mut x = (width * 0.45 / step).floor() * step;
    while x < width {
        let mut y = 0.0;
        while y < height {
            let (right, low) = (x + step, y + step);
            let corner = if dice.below(2) == 0 { format!("{x:.1} {low:.1}") } else { format!("{right:.1} {y:.1}") };
            let fill = shape(palette, dice);
            let _ = write!(svg, "<path d=\"M{x:.1} {y:.1}L{corner}L{right:.1} {low:.1}Z\" fill=\"{fill}\"/>");
            y += step;
        }
        x += step;
    }
    svg
}

fn arcs(width: f64, height: f64, palette: &Palette, dice: &mut Dice) -> String {
    let (x, y) = (width * dice.between(0.85, 1.0), if dice.below(2) == 0 { 0.0 } else { height });
    let step = width.min(height) * dice.between(0.1, 0.14);
    let mut svg = String::new();
    for ring in 1..8_u32 {
        let (radius, stroke) = (step * f64::from(ring), shape(palette, dice));
        let thick = step * 0.55;
        let _ = write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"none\" stroke=\"{stroke}\" \
             stroke-width=\"{thick:.1}\"/>"
        );
    }
    svg
}
