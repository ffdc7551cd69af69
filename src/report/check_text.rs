//! The answer of `check`, for people, for programs and as an exit code (design.md section 3).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::escape::visible;
use crate::prove::Containment;

/// What has to stand beside the documents for a witness to show, where that is so.
const BESIDES: &str = "another identity policy of the caller that allows everything";

/// The exit code: 0 contained, 3 not contained, 4 not proved.
#[must_use]
pub fn exit_code(answer: &Containment) -> u8 {
    match answer {
        Containment::Contained => 0,
        Containment::NotContained { .. } => 3,
        Containment::NotProved(_) => 4,
    }
}

/// The answer as JSON: `verdict`, `witness` (the `request` of a case of `simulate`, or null), `besides` (what else has
/// to be there for the witness to show, or null) and `reason`.
#[must_use]
pub fn json(answer: &Containment) -> Value {
    let (witness, besides) = match answer {
        Containment::NotContained { witness, .. } => (witness.request(), witness.allowed_besides.then_some(BESIDES)),
        Containment::Contained | Containment::NotProved(_) => (Value::Null, None),
    };
    json!({
        "verdict": answer.verdict(),
        "witness": witness,
        "besides": besides,
        "reason": answer.why_not().unwrap_or("every request that the new policies allow, the existing ones allow"),
    })
}

/// The answer in a few lines.
#[must_use]
pub fn text(answer: &Containment) -> String {
    let mut out = String::new();
    match answer {
        Containment::Contained => {
            let _ = writeln!(out, "contained: every request that the new policies allow, the existing ones allow");
        }
        Containment::NotProved(why) => {
            let _ = writeln!(out, "not proved: {}", visible(why));
        }
        Containment::NotContained { witness, reason } => {
            let _ = writeln!(out, "not contained: {}", visible(reason));
            let caller = &witness.principal;
            let by = caller.arn.as_deref().or(caller.role_arn.as_deref()).or(caller.service.as_deref()).unwrap_or("anybody");
            let _ = writeln!(out, "  caller    {}", visible(by));
            let _ = writeln!(out, "  action    {}", visible(&witness.action));
            let _ = writeln!(out, "  resource  {} of account {}", visible(&witness.resource), visible(&witness.resource_account));
            for (key, values) in &witness.context {
                let _ = writeln!(out, "  context   {} = {}", visible(key), visible(&values.join(", ")));
            }
            if witness.allowed_besides {
                let _ = writeln!(out, "  besides   {BESIDES}");
            }
        }
    }
    out
}
