//! The engine against the oracle: on every case of `testdata/evaluate`, on random ones, and on resources that are
//! patterns themselves. They must give the same decision, the same statements and the same wants.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use super::case::Case;
use super::cases_test::case_files;
use super::random_case::random_case;
use super::{Compiler, PreparedRequest, decide, evaluate, oracle};

/// What differs, if something does.
fn disagreement(value: &Value) -> Option<String> {
    let case = Case::read(value.clone()).ok()?;
    let policies = case.policies();
    let compiled = Compiler::default().policies(&policies);
    for prepared in case.requests() {
        for is_pattern in [false, true] {
            let request = super::Request { resource_is_pattern: is_pattern, ..prepared.request };
            let prepared = PreparedRequest::new(request);
            let (fast, slow) = (evaluate(&prepared, &compiled), oracle::evaluate(&request, &policies));
            if fast != slow {
                return Some(format!("resource is a pattern: {is_pattern}\nengine {fast:?}\noracle {slow:?}\n{value}"));
            }
            if decide(&prepared, &compiled) != fast.decision {
                return Some(format!("decide and evaluate differ on {value}"));
            }
        }
    }
    None
}

#[test]
fn both_agree_on_every_case() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in case_files() {
        for line in std::fs::read_to_string(&file).unwrap().lines().filter(|l| !l.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap();
            count += 1;
            wrong.extend(disagreement(&row["case"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn random_cases_can_be_read_and_meet() {
    let mut decisions = std::collections::BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..2000 {
        let bytes = prop::collection::vec(any::<u8>(), 400).new_tree(&mut runner).unwrap().current();
        let value = random_case(&bytes);
        let case = Case::read(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"));
        let compiled = Compiler::default().policies(&case.policies());
        for request in case.requests() {
            *decisions.entry(decide(&request, &compiled).as_str()).or_insert(0) += 1;
        }
    }
    assert!(decisions.len() == 4 && decisions.values().all(|n| *n > 60), "{decisions:?}");
}

fn asked_cases() -> Option<u32> {
    std::env::var("PROPTEST_CASES").ok()?.parse().ok()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: asked_cases().unwrap_or(4000),
        // The same cases on every run; who asks for a number of cases gets new ones.
        rng_seed: if asked_cases().is_some() { RngSeed::Random } else { RngSeed::Fixed(24) },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn both_agree_on_random_cases(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let value = random_case(&bytes);
        prop_assert_eq!(disagreement(&value), None);
    }
}
