//! The baseline: what failed when somebody began to look, so that `--fail-on new:high` works on day one
//! (`state/findings/baseline.json`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Status;
use super::files::{named, put};
use super::memory::last_before;

/// What failed then.
#[derive(Serialize, Deserialize, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    schema: u32,
    /// The night it was taken from, epoch ms.
    pub as_of_ms: i64,
    /// Uid and severity of what failed. What was suppressed is not in it: it is new when its suppression ends.
    pub findings: BTreeMap<String, String>,
}

fn file(state: &Path) -> PathBuf {
    state.join("findings").join("baseline.json")
}

impl Baseline {
    /// The baseline of a state folder, if it has one.
    ///
    /// # Errors
    /// Those of the file system, and of a file that is no baseline.
    pub fn load(state: &Path) -> std::io::Result<Option<Baseline>> {
        let path = file(state);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(named(&path)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Freezes what failed on the last night that a state folder remembers; `None` if it remembers none.
    ///
    /// # Errors
    /// Those of the file system, and of a file that is no night.
    pub fn set(state: &Path) -> std::io::Result<Option<Baseline>> {
        let Some((as_of_ms, night)) = last_before(state, i64::MAX)? else { return Ok(None) };
        let open = night.findings.into_iter().filter(|(_, r)| r.is_open() && r.status != Status::Suppressed);
        let findings = open.map(|(uid, r)| (uid, r.severity.unwrap_or_default())).collect();
        let baseline = Baseline { schema: 1, as_of_ms, findings };
        put(&file(state), &serde_json::to_vec(&baseline)?)?;
        Ok(Some(baseline))
    }
}
