//! How long each stage took and how much memory was held after it. Only on request: two runs of the same input are equal
//! byte by byte, and these figures never are.

use std::time::Instant;

/// One stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// Milliseconds.
    pub ms: u64,
    /// Resident memory after it, bytes; `None` where the system does not tell.
    pub rss_bytes: Option<u64>,
    /// The most that was resident until then, bytes.
    pub peak_bytes: Option<u64>,
}

/// A watch that is read at the end of each stage.
pub struct Watch {
    last: Instant,
    stages: Vec<Stage>,
}

impl Watch {
    /// Starts.
    pub fn start() -> Watch {
        Watch { last: Instant::now(), stages: Vec::new() }
    }

    /// Ends a stage.
    pub fn lap(&mut self, name: &'static str) {
        let ms = u64::try_from(self.last.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stages.push(Stage { name, ms, rss_bytes: status("VmRSS:"), peak_bytes: peak_rss_bytes() });
        self.last = Instant::now();
    }

    /// The stages so far.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }
}

/// The most memory that the process has held, bytes.
pub fn peak_rss_bytes() -> Option<u64> {
    status("VmHWM:")
}

/// A field of the process's status, which Linux gives in kB (proc(5)).
fn status(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(field))?;
    let kb: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kb * 1024)
}
