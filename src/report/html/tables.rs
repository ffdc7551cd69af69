//! What the page's tables share: heads whose columns say how they sort, rows without closing tags (HTML does not need them, and
//! ten thousand rows are a third smaller).

use std::fmt::Write as _;

use super::text::esc;

/// A column: its name, and how it sorts: `t` text, `n` number, `-` not at all.
pub type Column = (&'static str, &'static str);

/// From how many rows on a table is laid out row by row.
const BIG: usize = 300;

/// The caption of a table that leaves rows out, and where these stand; as it is where none are left out.
#[must_use]
pub fn caption(text: &str, left: usize, place: &str) -> String {
    if left == 0 { text.to_owned() } else { format!("{text}; {left} more stand in {place}") }
}

/// A table that is put together.
pub struct Table {
    out: String,
    rows: usize,
    columns: usize,
}

impl Table {
    /// A table with a caption; `id` must be unique on the page.
    #[must_use]
    pub fn new(id: &str, caption: &str, columns: &[Column]) -> Table {
        let columns: Vec<(String, &str)> = columns.iter().map(|(name, sort)| ((*name).to_owned(), *sort)).collect();
        Table::named(id, caption, &columns)
    }

    /// A table whose columns have names that are made while running.
    #[must_use]
    pub fn named(id: &str, caption: &str, columns: &[(String, &str)]) -> Table {
        let mut out = format!(
            "<div class=wrap tabindex=0 role=region aria-labelledby={id}-c><table class=sortable id={id}><caption id={id}-c>{}</caption><thead><tr>",
            esc(caption)
        );
        for (name, sort) in columns {
            let how = if *sort == "-" { String::new() } else { format!(" data-s={sort}") };
            let class = if *sort == "n" { " class=n" } else { "" };
            let _ = write!(out, "<th scope=col{class}{how}>{}", esc(name));
        }
        out.push_str("</thead><tbody>\n");
        Table { out, rows: 0, columns: columns.len() }
    }

    /// Begins a row; `class` and `id` may be empty and are ours.
    pub fn row(&mut self, class: &str, id: &str) {
        self.rows += 1;
        self.out.push_str("<tr");
        if !class.is_empty() {
            let _ = if class.contains(' ') { write!(self.out, " class=\"{class}\"") } else { write!(self.out, " class={class}") };
        }
        if !id.is_empty() {
            let _ = write!(self.out, " id={id}");
        }
        self.out.push('>');
    }

    /// A cell of text.
    pub fn text(&mut self, text: &str) {
        self.out.push_str("<td>");
        self.out.push_str(&esc(text));
    }

    /// A cell of text that is not broken: a day, an account.
    pub fn whole(&mut self, text: &str) {
        self.out.push_str("<td class=t>");
        self.out.push_str(&esc(text));
    }

    /// A cell of text that is code.
    pub fn code(&mut self, text: &str) {
        let _ = if text.is_empty() { write!(self.out, "<td>") } else { write!(self.out, "<td><code>{}</code>", esc(text)) };
    }

    /// A cell of a number, with its thousands apart.
    pub fn number(&mut self, n: impl TryInto<i64>) {
        let _ = write!(self.out, "<td class=n>{}", super::text::number(n));
    }

    /// A number of which zero says nothing: then the cell is a dash.
    pub fn some(&mut self, n: usize) {
        if n == 0 { self.out.push_str("<td class=\"n dim\">–") } else { self.number(n) }
    }

    /// A cell that is HTML already.
    pub fn html(&mut self, class: &str, html: &str) {
        let _ = if class.is_empty() { write!(self.out, "<td>{html}") } else { write!(self.out, "<td class={class}>{html}") };
    }

    /// A cell with two numbers, before and after; it sorts by the first.
    pub fn change(&mut self, before: usize, after: usize) {
        let (b, a) = (super::text::number(before), super::text::number(after));
        let _ = if before == after { write!(self.out, "<td class=n>{b}") } else { write!(self.out, "<td class=n>{b} → {a}") };
    }

    /// Ends a row.
    pub fn end(&mut self) {
        self.out.push('\n');
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The table; empty without rows.
    #[must_use]
    pub fn finish_or_none(self) -> String {
        if self.rows == 0 { String::new() } else { self.finish() }
    }

    /// The table.
    #[must_use]
    pub fn finish(mut self) -> String {
        // Beyond some hundred rows a browser must not measure every cell of the table to draw the few that are in sight.
        if self.rows > BIG {
            let class = format!("<table class=\"sortable big w{}\"", self.columns);
            self.out = self.out.replacen("<table class=sortable", &class, 1);
        }
        self.out.push_str("</tbody></table></div>");
        self.out
    }
}

/// A link; the address is ours, the text is others'.
#[must_use]
pub fn link(address: &str, text: &str) -> String {
    let address = esc(address);
    if address.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'-' | b'_' | b'.' | b'/' | b'~')) {
        format!("<a href={address} >{}</a>", esc(text))
    } else {
        format!("<a href=\"{address}\">{}</a>", esc(text))
    }
}
