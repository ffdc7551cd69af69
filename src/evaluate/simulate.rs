//! `trailtrim simulate`: cases in NDJSON, one answer a line, in order (design.md section 5).
//!
//! Cases are read in batches, decided on all cores and written in the order in which they came; a case that cannot
//! be read answers an error and never a decision.

use std::io::{BufRead, Write};
use std::sync::LazyLock;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::action_set::ActionIndex;
use super::case::Case;
use super::explain::explain;
use super::{Compiler, Decision, Evaluation, evaluate};

/// Bytes of cases that are held at a time.
const BATCH: usize = 4 << 20;

/// What a run of cases gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SimulateSummary {
    /// Cases read.
    pub cases: u64,
    /// Cases that answered an error.
    pub errors: u64,
}

/// Answers every case of a stream; with `explained`, each answer tells of every statement why it did or did not
/// apply.
///
/// # Errors
/// Only those of reading and writing; a bad case is an answer.
pub fn run(mut reader: impl BufRead, mut writer: impl Write, explained: bool) -> Result<SimulateSummary, std::io::Error> {
    let mut summary = SimulateSummary::default();
    loop {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut held = 0;
        let mut ended = false;
        while held < BATCH {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line)? == 0 {
                ended = true;
                break;
            }
            held += line.len();
            if !line.iter().all(u8::is_ascii_whitespace) {
                lines.push(line);
            }
        }
        let answers: Vec<(Vec<u8>, bool)> = lines
            .par_iter()
            .map(|line| {
                let (answer, failed) = answer(line, explained);
                (serde_json::to_vec(&answer).unwrap_or_default(), failed)
            })
            .collect();
        for (text, failed) in answers {
            summary.cases += 1;
            summary.errors += u64::from(failed);
            writer.write_all(&text)?;
            writer.write_all(b"\n")?;
        }
        if ended {
            break;
        }
    }
    writer.flush()?;
    Ok(summary)
}

/// The answer to one case; `true` when it is an error.
#[must_use]
pub fn answer(line: &[u8], explained: bool) -> (Value, bool) {
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(e) => return (json!({"id": null, "error": format!("not JSON: {e}")}), true),
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    match Case::read(value) {
        Ok(case) => (decided(&id, &case, explained), false),
        Err(error) => (json!({"id": id, "error": error}), true),
    }
}

/// The worst of a call's decisions is the call's: each of its resources must be allowed (rule 6).
fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::ExplicitDeny => 0,
        Decision::ImplicitDeny => 1,
        Decision::Unknown => 2,
        Decision::Allowed => 3,
    }
}

fn decided(id: &Value, case: &Case, explained: bool) -> Value {
    // A case asks its policies once or a few times, so sets over all known actions would never pay: an empty index
    // has actions matched by their text, with the same answer.
    static NO_ACTIONS: LazyLock<ActionIndex> = LazyLock::new(|| ActionIndex::new([]));
    let policies = case.policies();
    let compiled = Compiler::new(&NO_ACTIONS).policies(&policies);
    let worst = case
        .requests_over(&NO_ACTIONS)
        .map(|request| (evaluate(&request, &compiled), request))
        .min_by_key(|(evaluation, _)| rank(evaluation.decision));
    let Some((evaluation, request)) = worst else { return json!({"id": id, "error": "request.resource: an empty list"}) };
    let mut answer = printed(id, &evaluation);
    if explained && let Some(map) = answer.as_object_mut() {
        let readings = explain(&request, &policies, &compiled);
        map.insert("explain".to_owned(), readings.iter().map(super::explain::Reading::to_json).collect());
    }
    answer
}

fn printed(id: &Value, evaluation: &Evaluation) -> Value {
    let decided_by: Vec<Value> = evaluation
        .decided_by
        .iter()
        .map(|d| json!({"policy_type": d.policy_type.as_str(), "policy": d.policy, "statement": d.statement}))
        .collect();
    json!({
        "id": id,
        "decision": evaluation.decision.as_str(),
        "decided_by": decided_by,
        "missing_policy_type": evaluation.missing_policy_type.map(super::PolicyType::as_str),
        "missing_context": evaluation.missing_context,
    })
}
