//! Pairs of policies that others call equivalent or not, where the environment says they are
//! (`TRAILTRIM_CORPORA`, generation/policy-equivalence.ndjson): equal ones must be contained both ways.

use serde_json::Value;

use super::{Containment, Question, Scope};
use crate::policy::{PolicyDocument, parse_text};

fn answer(new: &PolicyDocument, old: &PolicyDocument) -> Containment {
    Question { new: &[new], old: &[old], scope: Scope::Whole, known_actions: &|_| Vec::new() }.answer()
}

#[test]
fn equivalent_policies_contain_each_other() {
    let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA").map(std::path::PathBuf::from) else {
        println!("TRAILTRIM_CORPORA is not set: no pairs compared");
        return;
    };
    let text = std::fs::read_to_string(corpora.join("generation/policy-equivalence.ndjson")).unwrap();
    let (mut equal, mut different, mut unread) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let [one, two] = ["policy1", "policy2"].map(|k| parse_text(case[k].as_str().unwrap()));
        let (Ok(one), Ok(two)) = (one, two) else {
            unread += 1;
            continue;
        };
        let both = [answer(&one, &two), answer(&two, &one)];
        let contained = both.iter().all(|a| *a == Containment::Contained);
        // The suite calls an account and its root ARN the same, and compares texts where AWS compares meaning; we
        // may find more pairs equal, never fewer.
        if case["equivalent"] == true {
            equal += 1;
            if !contained {
                wrong.push(format!("{}: {both:?}", case["id"]));
            }
        } else if contained {
            println!("called different, and the same in meaning: {}", case["id"]);
        } else {
            different += 1;
        }
    }
    println!("{equal} equal, {different} different, {unread} not read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(equal > 10 && different > 5);
}
