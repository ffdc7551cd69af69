//! The engine against the oracle. The engine is fast and the oracle literal; where they differ, one of them reads the
//! rules wrongly.

use crate::evaluate::case::Case;
use crate::evaluate::{Compiler, PreparedRequest, Request, decide, evaluate, oracle};
use crate::random_case::random_case;

/// Makes a case from the bytes and decides it twice. Decision, deciding statements and whatever is missing must be the
/// same, once with the resource as a name and once as a pattern; and `decide` must decide as `evaluate` does.
///
/// # Panics
/// When they differ, with the case in the JSON of `simulate`.
pub fn evaluate_vs_oracle(bytes: &[u8]) {
    let value = random_case(bytes);
    let case = Case::read(value.clone()).unwrap_or_else(|e| panic!("a random case cannot be read: {e}\n{value}"));
    let policies = case.policies();
    let compiled = Compiler::default().policies(&policies);
    for prepared in case.requests() {
        for resource_is_pattern in [false, true] {
            let request = Request { resource_is_pattern, ..prepared.request };
            let prepared = PreparedRequest::new(request);
            let (engine, oracle) = (evaluate(&prepared, &compiled), oracle::evaluate(&request, &policies));
            assert!(
                engine == oracle,
                "resource is a pattern: {resource_is_pattern}\nengine {engine:?}\noracle {oracle:?}\n{value}"
            );
            assert_eq!(decide(&prepared, &compiled), engine.decision, "decide and evaluate differ on {value}");
        }
    }
}
