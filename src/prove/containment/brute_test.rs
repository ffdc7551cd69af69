//! Containment against brute force: random policies over two letters, and every request of a universe that is large enough to show
//! where such policies differ.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::*;
use crate::evaluate::condition::CompiledCondition;
use crate::evaluate::{Context, PreparedRequest, PrincipalType, Request, RequestPrincipal, Tri};
use crate::policy::{ActionElement, Condition, ConditionOperator, ResourceElement, Statement};

/// Words of up to four letters, one of which no pattern names.
fn words() -> Vec<String> {
    let mut all: Vec<String> = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..4 {
        last = last.iter().flat_map(|w| ["a", "b", "x"].map(|c| format!("{w}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all.retain(|w| !w.is_empty());
    all
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab*?]{1,3}", 1 => Just("*".to_owned())]
}

fn action() -> impl Strategy<Value = String> {
    prop_oneof![6 => (prop_oneof![3 => Just("s"), 1 => Just("t"), 1 => Just("?")], word()).prop_map(|(s, w)| format!("{s}:{w}")), 1 => Just("*".to_owned())]
}

fn resource() -> impl Strategy<Value = String> {
    let region = prop_oneof![2 => Just(""), 1 => Just("*"), 1 => Just("r")];
    prop_oneof![6 => (region, word()).prop_map(|(r, w)| format!("arn:aws:s:{r}::{w}")), 1 => Just("*".to_owned())]
}

fn condition() -> impl Strategy<Value = Condition> {
    const OPERATORS: &[&str] = &["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringLike", "StringNotLike", "Null", "ForAllValues:StringEquals", "ForAnyValue:StringLike"];
    (prop::sample::select(OPERATORS), prop::collection::vec("[ab*]{1,2}", 1..3), any::<bool>()).prop_map(|(operator, values, word)| Condition {
        operator: ConditionOperator::parse(operator).unwrap(),
        key: "k:v".to_owned(),
        values: if operator == "Null" { vec![word.to_string()] } else { values },
    })
}

fn statement(conditions: bool) -> impl Strategy<Value = Statement> {
    let conditions = if conditions { prop::collection::vec(condition(), 0..2).boxed() } else { Just(Vec::new()).boxed() };
    let elements = (prop::collection::vec(action(), 1..3), prop::collection::vec(resource(), 1..3));
    (prop::bool::weighted(0.3), prop::bool::weighted(0.2), prop::bool::weighted(0.2), elements, conditions).prop_map(|(deny, not_action, not_resource, (actions, resources), conditions)| Statement {
        sid: None,
        effect: if deny { Effect::Deny } else { Effect::Allow },
        principal: None,
        action: if not_action { ActionElement::NotAction(actions) } else { ActionElement::Action(actions) },
        resource: Some(if not_resource { ResourceElement::NotResource(resources) } else { ResourceElement::Resource(resources) }),
        conditions,
    })
}

fn document(conditions: bool) -> impl Strategy<Value = PolicyDocument> {
    prop::collection::vec(statement(conditions), 1..4).prop_map(PolicyDocument::new)
}

/// An old policy, and a new one that is independent, or made of the old one's statements with small changes.
fn pair(conditions: bool) -> impl Strategy<Value = (PolicyDocument, PolicyDocument)> {
    (document(conditions), document(conditions), prop::bool::weighted(0.7), any::<prop::sample::Index>(), prop::option::of(resource())).prop_map(|(old, other, derived, at, narrower)| {
        if !derived {
            return (other, old);
        }
        let mut statements = old.statements.clone();
        let place = at.index(statements.len());
        if let Some(s) = statements.get_mut(place) {
            if let Some(resource) = narrower {
                s.resource = Some(ResourceElement::Resource(vec![resource]));
            }
            s.conditions.extend(other.statements[0].conditions.clone());
        }
        if other.statements.len() > 1 {
            statements.push(other.statements[1].clone());
        }
        (PolicyDocument::new(statements), old)
    })
}

/// Contexts of the one key that conditions name.
fn contexts() -> Vec<Context> {
    [vec![], vec!["a"], vec!["b"], vec!["ab"], vec!["zz"], vec!["a", "b"], vec!["a", "zz"]]
        .into_iter()
        .map(|values| {
            let mut context = Context::new(true);
            if !values.is_empty() {
                context.set("k:v", values.into_iter().map(str::to_owned).collect());
            }
            context
        })
        .collect()
}

struct Universe {
    actions: Vec<String>,
    resources: Vec<String>,
    contexts: Vec<Context>,
}

impl Universe {
    fn new() -> Universe {
        let words = words();
        let actions = words.iter().flat_map(|w| ["s", "t", "x", "xx"].map(|s| format!("{s}:{w}"))).collect();
        let mut resources: Vec<String> = words.iter().flat_map(|w| ["", "r", "o"].map(|r| format!("arn:aws:s:{r}::{w}"))).collect();
        resources.push("*".to_owned());
        Universe { actions, resources, contexts: contexts() }
    }

    /// Whether each request is allowed: by action, then resource, then context.
    fn allowed(&self, document: &PolicyDocument, contexts: usize) -> Vec<bool> {
        let principal = RequestPrincipal::of_kind(PrincipalType::Anonymous);
        let mut masks: Vec<(Effect, Vec<bool>, Vec<bool>, Vec<bool>)> = Vec::new();
        for s in &document.statements {
            let holds = |context: &Context| {
                let request = PreparedRequest::new(Request { principal: &principal, action: "s:a", resource: "*", resource_is_pattern: false, resource_account: None, context });
                s.conditions.iter().all(|c| CompiledCondition::compile(c, document.version).holds(&request) == Tri::Yes)
            };
            masks.push((
                s.effect,
                self.actions.iter().map(|a| s.action.contains(a)).collect(),
                self.resources.iter().map(|r| s.resource.as_ref().unwrap().contains(r)).collect(),
                self.contexts.iter().take(contexts).map(holds).collect(),
            ));
        }
        let mut all = Vec::new();
        for a in 0..self.actions.len() {
            let live: Vec<_> = masks.iter().filter(|m| m.1[a]).collect();
            for r in 0..self.resources.len() {
                for c in 0..contexts {
                    let applies = |effect| live.iter().any(|m| m.0 == effect && m.2[r] && m.3[c]);
                    all.push(applies(Effect::Allow) && !applies(Effect::Deny));
                }
            }
        }
        all
    }
}

fn run(conditions: bool, cases: u32) -> [usize; 3] {
    let universe = Universe::new();
    let count = if conditions { universe.contexts.len() } else { 1 };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let seed = if std::env::var("PROPTEST_CASES").is_ok() { RngSeed::Random } else { RngSeed::Fixed(7) };
    let mut runner = TestRunner::new(Config { cases, rng_seed: seed, failure_persistence: None, ..Config::default() });
    let answers = std::cell::Cell::new([0usize; 3]);
    runner
        .run(&pair(conditions), |(new, old)| {
            let (may, might) = (universe.allowed(&new, count), universe.allowed(&old, count));
            let differs = may.iter().zip(&might).any(|(n, o)| *n && !*o);
            let answer = allows_no_more(&[&new], &[&old]);
            let mut all = answers.get();
            match &answer {
                Containment::Proved => all[0] += 1,
                Containment::Refuted(_) => all[1] += 1,
                Containment::NotProved(_) => all[2] += 1,
            }
            answers.set(all);
            prop_assert!(!(differs && answer == Containment::Proved), "called contained, and is not");
            if !conditions {
                prop_assert!(!matches!(answer, Containment::NotProved(_)), "without conditions the answer is exact: {answer:?}");
                prop_assert_eq!(differs, matches!(answer, Containment::Refuted(_)), "{:?}", answer);
            }
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
    answers.get()
}

#[test]
fn exact_without_conditions() {
    let [yes, no, open] = run(false, 400);
    assert!(yes * 10 > yes + no, "enough pairs are contained: {yes} of {}", yes + no);
    assert_eq!(open, 0);
    eprintln!("brute force without conditions: {yes} contained, {no} not contained, {open} not proved");
}

#[test]
fn sound_with_conditions() {
    let [yes, no, open] = run(true, 150);
    assert!(yes > 0 && no > 0 && open * 3 < yes + no + open, "{yes} contained, {no} not, {open} open");
    eprintln!("brute force with conditions: {yes} contained, {no} not contained, {open} not proved");
}
