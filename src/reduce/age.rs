//! Whether a grant is too young to be called unused (design.md section 6, principle 3).

use super::settings::{Mode, ReduceSettings};
use crate::usage::Window;

/// Why a grant of this age is too young to be called unused, if it is. `granted_ms` is the latest moment at which it may have
/// changed, epoch ms; `None` when nothing tells.
#[must_use]
pub fn too_young(granted_ms: Option<i64>, mode: Mode, settings: &ReduceSettings, window: Window) -> Option<String> {
    let Some(at) = granted_ms else { return Some("when this was granted is not known".to_owned()) };
    let days = settings.min_age_days;
    let (since, why) = match mode {
        Mode::Aggressive => (window.end_ms.saturating_sub(days.saturating_mul(86_400_000)), format!("granted or changed in the last {days} days")),
        _ => (i64::MIN, String::new()),
    };
    if since > window.start_ms {
        return (at > since).then_some(why);
    }
    (at > window.start_ms).then(|| "granted or changed inside the window".to_owned())
}
