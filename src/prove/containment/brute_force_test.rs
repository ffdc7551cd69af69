//! The proof against brute force: random small policies, every request of a small universe put to the engine under
//! both sides.
//!
//! "Contained" must never be refuted, and a witness must be allowed under the new side and not under the old one by
//! the oracle and by `simulate` too, which read everything anew. Where there are neither conditions nor variables nor
//! principals, "not proved" must never be the answer: with the first rule that makes the answer exact.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};

use super::{Containment, Question, Scope};
use crate::evaluate::action_set::ActionIndex;
use crate::evaluate::{
    Compiler, Context, Decision, NamedPolicy, Policies, PreparedRequest, PrincipalType, Request, RequestPrincipal, decide, oracle, simulate,
};
use crate::policy::{ConditionOperator, PolicyDocument, parse_document};

/// Bytes that are spent on choices.
struct Source<'b>(std::slice::Iter<'b, u8>);

impl Source<'_> {
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % n
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 1
    }

    fn of<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }

    fn some<'w>(&mut self, words: &[&'w str], most: usize) -> Vec<&'w str> {
        (0..=self.below(most)).map(|_| self.of(words)).collect()
    }
}

/// What the random policies have.
#[derive(Clone, Copy)]
struct Shape {
    conditions: bool,
    principals: bool,
}

const ACTION_PATTERNS: &[&str] = &[
    "*", "s:*", "t:*", "*:*", "s:x", "s:y", "s:xy", "s:x*", "s:*x", "s:?", "s:??", "s:?*", "S:X*", "?:x", "*:x", "s:x?", "s:*y*", "s:yx*",
    "t:x", "t:?x", "*:y*", "s:???*", "s*:*", "t:y*x",
];

const RESOURCE_PATTERNS: &[&str] = &[
    "*", "arn:aws:q:::*", "arn:aws:q:::k", "arn:aws:q:::l", "arn:aws:q:::k*", "arn:aws:q:::*k", "arn:aws:q:::?", "arn:aws:q:::??",
    "arn:aws:q:::?*", "arn:aws:q:::k/*", "arn:aws:q:::k?l", "arn:aws:q:*:*:k", "arn:aws:q:e:1:*", "arn:aws:*:::k", "arn:*", "arn:aws:q",
    "arn:AWS:q:::k:l", "arn:aws:q:::*:*", "arn:aws:q:::kk*", "arn:aws:q:::*l*", "arn:aws:q:?:?:*", "arn:aws:q:::",
    "arn:*:*:*:*:*",
];

const OPEN_PATTERNS: &[&str] =
    &["arn:aws:q:::${k}", "arn:aws:q:::${k}/*", "arn:aws:q:::${k, 'l'}*", "arn:aws:q:::*${m}", "arn:aws:q:::${*}k", "arn:aws:q:::${k}${m}"];

const ACTIONS: &[&str] = &["s:x", "s:y", "s:z", "s:xx", "s:xy", "s:yx", "S:Yx", "s:zx", "s:yxz", "s:xyz", "t:x", "t:y", "t:zx", "t:yzx", "u:x"];

const RESOURCES: &[&str] = &[
    "*", "arn:aws:q:::k", "arn:aws:q:::l", "arn:aws:q:::m", "arn:aws:q:::kk", "arn:aws:q:::kl", "arn:aws:q:::lk", "arn:aws:q:::k/", "arn:aws:q:::k/l",
    "arn:aws:q:::kml", "arn:aws:q:::k:l", "arn:aws:q:::mlm", "arn:aws:q:e:1:k", "arn:aws:q:e:1:m", "arn:aws:p:::k", "arn:gov:p:e:2:m", "arn:aws:q:::",
    "arn:aws:q:::kkk", "arn:aws:q:::K", "arn:aws:q:::*k",
];

const OPERATORS: &[&str] = &[
    "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Bool", "Null",
    "NumericLessThan", "NumericLessThanEquals", "NumericEquals", "NumericNotEquals", "NumericGreaterThan", "ArnLike", "ArnNotLike",
    "IpAddress", "NotIpAddress", "DateLessThan", "DateGreaterThanEquals", "BinaryEquals",
];

const VALUES: &[&str] = &[
    "k", "l", "K", "k*", "*", "?", "kl", "true", "false", "5", "7", "10.0.0.0/8", "10.0.0.7", "arn:aws:q:::k", "arn:aws:q:::*", "", "${m}", "${k}",
    "${*}", "eA==",
];

const PRINCIPALS: &[&str] = &[
    "*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/s1", "arn:aws:iam::444455556666:user/bob", "AIDAEXAMPLEANN",
];

fn condition(source: &mut Source<'_>) -> Value {
    let mut all = Map::new();
    for _ in 0..=source.below(2) {
        let base = source.of(OPERATORS);
        let set = source.of(&["", "", "", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = if base != "Null" && source.chance(3) { "IfExists" } else { "" };
        let values = if base == "Null" || base == "Bool" { source.some(&["true", "false"], 2) } else { source.some(VALUES, 3) };
        all.insert(format!("{set}{base}{suffix}"), json!({ source.of(&["k", "K", "m"]): values }));
    }
    Value::Object(all)
}

/// A condition made from another one: operators, keys and values changed a little, so that one often implies the
/// other, and as often nearly does.
fn changed_condition(source: &mut Source<'_>, old: &Value) -> Value {
    let mut all = Map::new();
    for (operator, keys) in old.as_object().into_iter().flatten() {
        let mut name = operator.clone();
        for (from, to) in [("Equals", "Like"), ("Not", ""), ("String", "StringNot"), ("Than", "ThanEquals"), ("Any", "All"), ("IfExists", "")] {
            if source.chance(9) {
                name = name.replacen(from, to, 1);
            }
        }
        if source.chance(6) && !name.contains("IfExists") && !name.contains("Null") {
            name += "IfExists";
        }
        if source.chance(9) && !name.contains(':') {
            name = format!("ForAllValues:{name}");
        }
        // What these changes made of it may be no operator.
        let name = if ConditionOperator::parse(&name).is_some() { name } else { operator.clone() };
        for (key, values) in keys.as_object().into_iter().flatten() {
            let mut values: Vec<Value> = values.as_array().cloned().unwrap_or_default();
            if source.chance(4) && values.len() > 1 {
                values.pop();
            }
            if source.chance(4) {
                values.push(json!(source.of(VALUES)));
            }
            all.insert(name.clone(), json!({ key.as_str(): values }));
        }
    }
    if source.chance(6) {
        all.extend(condition(source).as_object().cloned().unwrap_or_default());
    }
    Value::Object(all)
}

fn principal(source: &mut Source<'_>) -> Value {
    match source.below(6) {
        0 => json!({"Service": source.some(&["s.amazonaws.com", "t.amazonaws.com"], 2)}),
        1 => json!({"AWS": source.of(PRINCIPALS), "Service": "s.amazonaws.com"}),
        _ => json!({"AWS": source.some(PRINCIPALS, 3)}),
    }
}

fn statement(source: &mut Source<'_>, shape: Shape) -> Value {
    let mut out = Map::new();
    out.insert("Effect".to_owned(), json!(if source.below(4) == 0 { "Deny" } else { "Allow" }));
    let element = if source.chance(7) { "NotAction" } else { "Action" };
    out.insert(element.to_owned(), json!(source.some(ACTION_PATTERNS, 3)));
    let element = if source.chance(7) { "NotResource" } else { "Resource" };
    let open = shape.conditions && source.chance(4);
    out.insert(element.to_owned(), json!(source.some(if open { OPEN_PATTERNS } else { RESOURCE_PATTERNS }, 3)));
    if shape.conditions && source.chance(2) {
        out.insert("Condition".to_owned(), condition(source));
    }
    if shape.principals {
        let element = if source.chance(8) { "NotPrincipal" } else { "Principal" };
        out.insert(element.to_owned(), principal(source));
    }
    Value::Object(out)
}

fn policy(source: &mut Source<'_>, shape: Shape) -> Vec<Value> {
    (0..=source.below(3)).map(|_| statement(source, shape)).collect()
}

/// A policy made from another one: statements kept, cut down, left out, added to.
fn changed(source: &mut Source<'_>, old: &[Value], shape: Shape) -> Vec<Value> {
    let mut out = Vec::new();
    for old in old {
        let mut new = old.clone();
        match source.below(8) {
            0 => continue,
            1 => new["Action"] = json!(source.some(ACTION_PATTERNS, 2)),
            2 => new["Resource"] = json!(source.some(RESOURCE_PATTERNS, 2)),
            3 if shape.conditions => new["Condition"] = condition(source),
            6 | 7 if shape.conditions => new["Condition"] = changed_condition(source, &old["Condition"]),
            4 if shape.principals => new["Principal"] = principal(source),
            5 => out.push(new.clone()),
            _ => {}
        }
        // One of each pair of opposite elements.
        for (yes, no) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")] {
            if let Some(map) = new.as_object_mut()
                && map.contains_key(yes)
            {
                map.remove(no);
            }
        }
        out.push(new);
    }
    if source.chance(3) {
        out.push(statement(source, shape));
    }
    out
}

fn document(statements: &[Value], source: &mut Source<'_>) -> Value {
    let version = if source.chance(8) { "2008-10-17" } else { "2012-10-17" };
    json!({"Version": version, "Statement": statements})
}

fn caller(kind: PrincipalType, arn: &str) -> RequestPrincipal {
    let mut caller = RequestPrincipal::of_kind(kind);
    match kind {
        PrincipalType::Service => caller.service = Some(arn.to_owned()),
        PrincipalType::AssumedRole => {
            caller.role_arn = Some("arn:aws:iam::111122223333:role/app".to_owned());
            caller.arn = Some(arn.to_owned());
        }
        PrincipalType::Anonymous => {}
        _ => caller.arn = Some(arn.to_owned()),
    }
    if arn.ends_with("ann") {
        caller.unique_id = Some("AIDAEXAMPLEANN".to_owned());
    }
    caller
}

fn callers(shape: Shape) -> Vec<RequestPrincipal> {
    use PrincipalType as P;
    let ann = caller(P::IAMUser, "arn:aws:iam::111122223333:user/ann");
    if !shape.principals {
        return vec![ann];
    }
    vec![
        ann,
        caller(P::AssumedRole, "arn:aws:sts::111122223333:assumed-role/app/s1"),
        caller(P::AssumedRole, "arn:aws:sts::111122223333:assumed-role/app/s2"),
        caller(P::IAMUser, "arn:aws:iam::111122223333:user/eve"),
        caller(P::IAMUser, "arn:aws:iam::444455556666:user/bob"),
        caller(P::Root, "arn:aws:iam::111122223333:root"),
        caller(P::Service, "s.amazonaws.com"),
        caller(P::Anonymous, ""),
    ]
}

fn contexts(shape: Shape) -> Vec<Context> {
    let mut out = Vec::new();
    if !shape.conditions {
        return vec![Context::new(true)];
    }
    let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let k: Vec<Vec<String>> = vec![
        vec![], texts(&["k"]), texts(&["l"]), texts(&["kl"]), texts(&[""]), texts(&["k", "l"]), texts(&["5"]), texts(&["6"]), texts(&["true"]),
        texts(&["10.0.0.7"]), texts(&["arn:aws:q:::k"]), texts(&["K"]),
    ];
    let m: Vec<Vec<String>> = vec![vec![], texts(&["k"]), texts(&["7"])];
    for k in &k {
        for m in &m {
            let mut context = Context::new(true);
            context.set("k", k.clone());
            context.set("m", m.clone());
            out.push(context);
        }
    }
    out
}

/// Policies of a side, with another identity policy besides.
fn policies<'a>(documents: &'a [PolicyDocument], besides: Option<&'a PolicyDocument>, shape: Shape) -> Policies<'a> {
    let own: Vec<NamedPolicy<'a>> = documents.iter().map(|document| NamedPolicy { name: "own", document }).collect();
    let besides = besides.map(|document| NamedPolicy { name: "besides", document });
    if shape.principals {
        Policies { identity: Some(besides.into_iter().collect()), resource: Some(own), ..Policies::default() }
    } else {
        Policies { identity: Some(own.into_iter().chain(besides).collect()), ..Policies::default() }
    }
}

/// A request of the universe that is allowed under the new side and not under the old one.
fn refuted(new: &[PolicyDocument], old: &[PolicyDocument], besides: Option<&PolicyDocument>, shape: Shape, first: usize) -> Option<String> {
    let index = ActionIndex::new([]);
    let mut compiler = Compiler::new(&index);
    let (new, old) = (compiler.policies(&policies(new, besides, shape)), compiler.policies(&policies(old, besides, shape)));
    let contexts = contexts(shape);
    // With many callers or contexts, fewer actions and resources: other ones for each pair.
    let every = if shape.conditions || shape.principals { 4 } else { 1 };
    for principal in &callers(shape) {
        for action in ACTIONS.iter().skip(first % every).step_by(every) {
            for resource in RESOURCES.iter().skip((first + 1) % every).step_by(every) {
                for context in &contexts {
                    let resource_account = Some("111122223333");
                    let request = Request { principal, action, resource, resource_is_pattern: false, resource_account, context };
                    let request = PreparedRequest::with_index(request, &index);
                    if decide(&request, &new) == Decision::Allowed && decide(&request, &old) != Decision::Allowed {
                        return Some(format!("{action} on {resource} by {principal:?} in {context:?}"));
                    }
                }
            }
        }
    }
    None
}

/// What oracle and `simulate` say against a witness.
fn disputed(witness: &super::Witness, new: &[PolicyDocument], old: &[PolicyDocument], shape: Shape) -> Option<String> {
    let everything = parse_document(&json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})).unwrap();
    let besides = witness.allowed_besides.then_some(&everything);
    let mut context = Context::new(true);
    witness.context.iter().for_each(|(k, v)| context.set(k, v.clone()));
    let request = Request {
        principal: &witness.principal,
        action: &witness.action,
        resource: &witness.resource,
        resource_is_pattern: false,
        resource_account: Some(&witness.resource_account),
        context: &context,
    };
    let by_oracle = [new, old].map(|side| oracle::evaluate(&request, &policies(side, besides, shape)).decision);
    let by_simulate = [new, old].map(|side| {
        let as_json = |d: &PolicyDocument| serde_json::from_str::<Value>(&crate::policy::print::minified(d)).unwrap();
        let own: Vec<Value> = side.iter().map(as_json).collect();
        let besides: Vec<Value> = besides.into_iter().map(as_json).collect();
        let given = if shape.principals { json!({"identity": besides, "resource": own}) } else { json!({"identity": ([own, besides].concat())}) };
        let case = json!({"id": 1, "request": witness.request(), "policies": given});
        simulate::answer(case.to_string().as_bytes(), false).0
    });
    let agreed = by_oracle[0] == Decision::Allowed
        && by_oracle[1].is_denied()
        && by_simulate[0]["decision"] == "allowed"
        && matches!(by_simulate[1]["decision"].as_str(), Some("explicitDeny" | "implicitDeny"));
    (!agreed).then(|| format!("{:?} {by_oracle:?} {by_simulate:?}", witness.request()))
}

/// What is wrong with the answer on a random pair, if something is.
fn wrong(bytes: &[u8], shape: Shape, scope: Scope) -> Option<String> {
    let mut source = Source(bytes.iter());
    let old = policy(&mut source, shape);
    let new = if source.chance(4) { policy(&mut source, shape) } else { changed(&mut source, &old, shape) };
    let besides = parse_document(&document(&policy(&mut source, Shape { principals: false, ..shape }), &mut source)).unwrap();
    // Now and then a side is two documents.
    let mut side = |statements: &[Value]| -> Vec<PolicyDocument> {
        let at = if source.chance(3) { statements.len() / 2 } else { 0 };
        let (left, right) = statements.split_at(at);
        let parts = [left, right].into_iter().filter(|s| !s.is_empty() || at == 0);
        parts.map(|s| parse_document(&document(s, &mut source)).unwrap()).collect()
    };
    let (old, new) = (side(&old), side(&new));
    let (old_refs, new_refs): (Vec<&PolicyDocument>, Vec<&PolicyDocument>) = (old.iter().collect(), new.iter().collect());
    let answer = Question { new: &new_refs, old: &old_refs, scope, known_actions: &|_| vec!["s:x".to_owned(), "t:Yx".to_owned()] }.answer();
    let shown = || {
        let text = |side: &[PolicyDocument]| side.iter().map(crate::policy::print::minified).collect::<Vec<_>>().join("\n");
        format!("answer {answer:?}\nold {}\nnew {}\nbesides {}", text(&old), text(&new), crate::policy::print::minified(&besides))
    };
    match &answer {
        Containment::Contained => {
            let besides = (scope == Scope::Part).then_some(&besides);
            refuted(&new, &old, besides, shape, bytes.len()).map(|request| format!("refuted by {request}\n{}", shown()))
        }
        Containment::NotContained { witness, .. } => {
            disputed(witness, &new, &old, shape).map(|why| format!("no witness: {why}\n{}", shown()))
        }
        Containment::NotProved(why) => {
            (!shape.conditions && !shape.principals).then(|| format!("not exact: {why}\n{}", shown()))
        }
    }
}

fn asked_cases() -> Option<u32> {
    std::env::var("PROPTEST_CASES").ok()?.parse().ok()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: asked_cases().unwrap_or(cases),
        // The same cases on every run; who asks for a number of cases gets new ones.
        rng_seed: if asked_cases().is_some() { RngSeed::Random } else { RngSeed::Fixed(24) },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..220)
}

proptest! {
    #![proptest_config(config(1500))]
    #[test]
    fn exact_without_conditions(bytes in bytes()) {
        prop_assert_eq!(wrong(&bytes, Shape { conditions: false, principals: false }, Scope::Whole), None);
    }

    #[test]
    fn exact_as_a_part(bytes in bytes()) {
        prop_assert_eq!(wrong(&bytes, Shape { conditions: false, principals: false }, Scope::Part), None);
    }
}

proptest! {
    #![proptest_config(config(800))]
    #[test]
    fn sound_with_conditions_and_variables(bytes in bytes()) {
        prop_assert_eq!(wrong(&bytes, Shape { conditions: true, principals: false }, Scope::Whole), None);
    }

    #[test]
    fn sound_with_conditions_as_a_part(bytes in bytes()) {
        prop_assert_eq!(wrong(&bytes, Shape { conditions: true, principals: false }, Scope::Part), None);
    }

    #[test]
    fn sound_with_principals(bytes in bytes()) {
        prop_assert_eq!(wrong(&bytes, Shape { conditions: false, principals: true }, Scope::Whole), None);
    }
}

/// The generator itself: every answer is given often, and the universe shows differences.
#[test]
fn random_pairs_fall_on_every_side() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let shape = Shape { conditions: true, principals: false };
    for _ in 0..400 {
        let bytes = prop::collection::vec(any::<u8>(), 200).new_tree(&mut runner).unwrap().current();
        let mut source = Source(bytes.iter());
        let old = policy(&mut source, shape);
        let new = changed(&mut source, &old, shape);
        let [old, new] = [old, new].map(|s| parse_document(&document(&s, &mut source)).unwrap());
        let answer = Question { new: &[&new], old: &[&old], scope: Scope::Whole, known_actions: &|_| Vec::new() }.answer();
        *counts.entry(answer.verdict()).or_default() += 1;
        let differs = refuted(&[new], &[old], None, shape, bytes.iter().map(|b| usize::from(*b)).sum()).is_some();
        *counts.entry(if differs { "differs" } else { "same" }).or_default() += 1;
    }
    println!("{counts:?}");
    assert!(["contained", "not_contained", "differs", "same"].iter().all(|k| counts.get(k).is_some_and(|n| *n > 60)), "{counts:?}");
}
