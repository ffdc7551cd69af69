//! Drawings as inline SVG: no script, colours by class only, every text escaped, every drawing with title and description.

use std::fmt::Write as _;

use super::text::esc;

/// A drawing that is put together.
pub struct Svg {
    out: String,
}

impl Svg {
    /// A drawing of this size. `id` must be unique on the page.
    #[must_use]
    pub fn new(id: &str, width: usize, height: usize, title: &str, description: &str) -> Svg {
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg class=g viewBox=\"0 0 {width} {height}\" width={width} height={height} role=img aria-labelledby=\"{id}-t {id}-d\"><title id={id}-t>{}</title><desc id={id}-d>{}</desc>",
            esc(title),
            esc(description)
        );
        Svg { out }
    }

    /// A rectangle.
    pub fn rect(&mut self, class: &str, [x, y, width, height]: [usize; 4]) {
        let _ = write!(self.out, "<rect class={class} x={x} y={y} width={width} height={height} />");
    }

    /// A rectangle that says something when pointed at.
    pub fn told_rect(&mut self, class: &str, [x, y, width, height]: [usize; 4], says: &str) {
        let _ = write!(self.out, "<rect class={class} x={x} y={y} width={width} height={height}><title>{}</title></rect>", esc(says));
    }

    /// A path.
    pub fn path(&mut self, class: &str, d: &str) {
        let _ = write!(self.out, "<path class=\"{class}\" d=\"{d}\"/>");
    }

    /// A path of some width that says something when pointed at.
    pub fn told_path(&mut self, class: &str, d: &str, width: usize, says: &str) {
        let _ = write!(self.out, "<path class=\"{class}\" stroke-width={width} d=\"{d}\"><title>{}</title></path>", esc(says));
    }

    /// A text; `class` may hold `m` (middle) or `e` (end) for where it is held.
    pub fn text(&mut self, class: &str, x: usize, y: usize, text: &str) {
        let _ = write!(self.out, "<text class=\"{class}\" x={x} y={y}>{}</text>", esc(text));
    }

    /// The drawing.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// Bars side by side that fill a width: what a value is of the sum of all. No value above zero is less than two wide.
#[must_use]
pub fn shares(values: &[(&str, usize)], width: usize) -> Vec<(String, usize, usize)> {
    let sum: usize = values.iter().map(|(_, v)| v).sum();
    let drawn: Vec<&(&str, usize)> = values.iter().filter(|(_, v)| *v > 0).collect();
    let least = 2_usize;
    let free = width.saturating_sub(drawn.len().saturating_mul(least));
    let mut at = 0;
    let mut out = Vec::new();
    for (place, (class, value)) in drawn.iter().enumerate() {
        let is_last = place + 1 == drawn.len();
        let wide = if is_last { width.saturating_sub(at) } else { least + free.saturating_mul(*value) / sum.max(1) };
        out.push(((*class).to_owned(), at, wide));
        at += wide;
    }
    out
}

/// A bar of parts for a row of a table, which has the numbers: no title of its own.
#[must_use]
pub fn bar(class: &str, values: &[(&str, usize)], width: usize) -> String {
    let mut out = format!("<svg class=\"{class}\" viewBox=\"0 0 {width} 12\" width={width} height=12 aria-hidden=true>");
    for (class, x, wide) in shares(values, width) {
        let _ = write!(out, "<rect class={class} x={x} width={wide} height=12 />");
    }
    out.push_str("</svg>");
    out
}

/// How high a bar for this many calls is, out of 12: by powers of four, so that a few calls are seen beside millions.
#[must_use]
pub fn height(calls: i64) -> usize {
    if calls <= 0 {
        return 0;
    }
    let log4 = usize::try_from(calls.ilog2() / 2).unwrap_or(0);
    (log4 + 3).min(12)
}

/// A skyline for a row of a table: a step for each number, higher for more, along a base line that the style draws.
#[must_use]
pub fn spark(values: &[i64], each: usize) -> String {
    let heights: Vec<usize> = values.iter().map(|v| height(*v)).collect();
    let mut out = format!("<svg class=w width={} aria-hidden=true><path d=\"M0 13", values.len() * each);
    let mut at = 0;
    for (high, _, n) in runs(&heights) {
        match high.cmp(&at) {
            std::cmp::Ordering::Greater => _ = write!(out, "v-{}", high - at),
            std::cmp::Ordering::Less => _ = write!(out, "v{}", at - high),
            std::cmp::Ordering::Equal => {}
        }
        at = high;
        let _ = write!(out, "h{}", n * each);
    }
    out.push_str("V13z\"/></svg>");
    out
}

/// Runs of equal neighbours: value, first place, how many.
#[must_use]
pub fn runs<T: PartialEq + Copy>(values: &[T]) -> Vec<(T, usize, usize)> {
    let mut out: Vec<(T, usize, usize)> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        match out.last_mut() {
            Some((last, _, n)) if last == value => *n += 1,
            _ => out.push((*value, at, 1)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fill_the_width_and_nothing_vanishes() {
        let parts = shares(&[("a", 1), ("b", 1_000_000), ("c", 0), ("d", 3)], 100);
        assert_eq!(parts.iter().map(|(_, _, w)| w).sum::<usize>(), 100);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|(_, _, w)| *w >= 2), "{parts:?}");
        assert!(shares(&[("a", 0)], 100).is_empty());
    }

    #[test]
    fn heights_grow_with_calls_and_stay_inside() {
        let heights: Vec<usize> = [0, 1, 3, 4, 1000, i64::MAX].into_iter().map(height).collect();
        assert!(heights.is_sorted() && heights[0] == 0 && heights[1] > 0 && heights[5] == 12, "{heights:?}");
    }

    #[test]
    fn a_skyline_has_a_step_for_each_number() {
        assert_eq!(spark(&[0, 1, 1, 0], 6), "<svg class=w width=24 aria-hidden=true><path d=\"M0 13h6v-3h12v3h6V13z\"/></svg>");
    }

    #[test]
    fn texts_of_others_are_dead() {
        let mut svg = Svg::new("x", 10, 10, "<script>", "\u{202e}");
        svg.text("m", 1, 1, "</svg><img src=x onerror=alert(1)>");
        svg.told_rect("a", [0, 0, 1, 1], "<b>");
        let text = svg.finish();
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("<b>") && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn runs_are_told_in_order() {
        assert_eq!(runs(&[1, 1, 2, 1]), [(1, 0, 2), (2, 2, 1), (1, 3, 1)]);
    }
}
