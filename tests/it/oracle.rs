//! The engine against the oracle on real requests and real policies: every call of the logs at hand, asked of every
//! principal of the exports at hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trailtrim::evaluate::{
    Compiler, NamedPolicy, Policies, PreparedRequest, PrincipalType, Request, RequestPrincipal, decide, evaluate, oracle,
};
use trailtrim::grants::{Grants, OwnerKind};
use trailtrim::prove::replay::context_of;

use super::common::{corpora, root, trailtrim};

/// A call as the table of use tells it: action, resource, whether that is a pattern, context, region.
type Call = (String, String, bool, String, String);

fn calls(logs: &Path) -> BTreeSet<Call> {
    let dir = tempfile::tempdir().unwrap();
    let (state, out) = (dir.path().join("state"), dir.path().join("out"));
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
        "--out".as_ref(), out.as_os_str(), "--window".as_ref(), "3650d".as_ref(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}: {}", logs.display(), String::from_utf8_lossy(&output.stderr));
    let mut table = csv::Reader::from_path(out.join("tables/usage.csv")).unwrap();
    let columns = table.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let at = ["action", "resource_arn", "arn_provenance", "context_class", "region"].map(at);
    table
        .records()
        .map(|row| {
            let row = row.unwrap();
            let [action, resource, provenance, context, region] = at.map(|i| row[i].to_owned());
            (action, resource, provenance == "type-wildcard", context, region)
        })
        .collect()
}

/// Asks every call of every principal of an export, and gives the number of decisions.
fn hold(calls: &BTreeSet<Call>, grants: &Grants) -> usize {
    let mut count = 0;
    let mut compiler = Compiler::default();
    for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group) {
        let held = grants.held_by(principal);
        let named = |name, document| NamedPolicy { name, document };
        let policies = Policies {
            identity: Some(held.identity.iter().map(|h| named(h.name, h.document)).collect()),
            boundary: held.boundary.map(|document| vec![named("boundary", document)]),
            ..Policies::default()
        };
        let compiled = compiler.policies(&policies);
        let is_role = principal.kind == OwnerKind::Role;
        let caller = RequestPrincipal {
            arn: (!is_role).then(|| principal.arn.clone()),
            role_arn: is_role.then(|| principal.arn.clone()),
            account: Some(principal.account.clone()),
            unique_id: Some(principal.unique_id.clone()),
            ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
        };
        for (action, resource, resource_is_pattern, context, region) in calls {
            let context = context_of(context, Some(region));
            let request = Request {
                principal: &caller,
                action,
                resource,
                resource_is_pattern: *resource_is_pattern,
                resource_account: caller.account(),
                context: &context,
            };
            let prepared = PreparedRequest::new(request);
            let (fast, slow) = (evaluate(&prepared, &compiled), oracle::evaluate(&request, &policies));
            assert_eq!(fast, slow, "{} asks {action} on {resource}", principal.arn);
            assert_eq!(decide(&prepared, &compiled), fast.decision);
            count += 1;
        }
    }
    count
}

fn exports(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

#[test]
fn both_agree_on_the_sample() {
    let sample = root().join("testdata/organisation");
    let grants = trailtrim::grants::load::load(&[sample.join("grants")]).unwrap();
    let count = hold(&calls(&sample.join("logs")), &grants);
    println!("{count} decisions");
    assert!(count > 1000);
}

#[test]
fn both_agree_on_real_logs_and_real_grants() {
    let Some(corpora) = corpora() else { return };
    let mut asked = BTreeSet::new();
    for set in ["ct-awsdocs-2023", "ct-custodian", "ct-iamguide", "ct-invictus", "ct-panther", "ct-stratus", "ct-streamalert", "ct-watcher"] {
        let folder = corpora.join(set);
        let events = folder.join("events.ndjson");
        asked.extend(calls(if events.exists() { &events } else { &folder }));
    }
    let mut count = 0;
    for export in exports(&corpora.join("grants-gaad")) {
        count += hold(&asked, &trailtrim::grants::load::load(&[export]).unwrap());
    }
    println!("{} calls, {count} decisions", asked.len());
    assert!(count > 10_000);
}
