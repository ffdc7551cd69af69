//! Progress on standard error: a bar on a terminal, a line at the start and the end otherwise, nothing when
//! quiet. Standard output belongs to data.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Counts what has been read.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
}

impl Progress {
    /// A bar on a terminal, lines elsewhere, silence when quiet.
    #[must_use]
    pub fn new(quiet: bool) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        Progress { bar: (terminal && !quiet).then(ProgressBar::no_length), lines: !terminal && !quiet }
    }

    /// Starts a stage that reads this many bytes.
    pub fn start(&self, what: &str, bytes: u64) {
        if let Some(bar) = &self.bar {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {prefix} eta {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style);
            bar.set_message(what.to_owned());
            bar.set_length(bytes);
            bar.enable_steady_tick(Duration::from_millis(200));
        } else if self.lines {
            eprintln!("{what}: {bytes} bytes");
        }
    }

    /// Adds bytes read and the events in them.
    pub fn add(&self, bytes: u64, events_so_far: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
            let seconds = bar.elapsed().as_secs().max(1);
            bar.set_prefix(format!("{} events/s", events_so_far / seconds));
        }
    }

    /// Ends the stage with a sentence.
    pub fn finish(&self, sentence: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.bar.is_some() || self.lines {
            eprintln!("{sentence}");
        }
    }
}
