//! Permission sets and the roles made from them, on the fixtures and on small changes of them.

use serde_json::json;

use super::cli::bundle_test::{bundle, files};
use super::permission_set::{CustomerPolicy, SetBoundary};
use super::{Grants, Known, Principal};

const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-aaaabbbbccccdddd";
const EMPTY: &str = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-eeeeffff00001111";

fn role(grants: &Grants) -> &Principal {
    grants.principals().find(|p| p.name.starts_with("AWSReservedSSO_")).unwrap()
}

#[test]
fn every_file_of_a_permission_set_arrives() {
    let grants = bundle();
    assert_eq!(grants.permission_sets.keys().collect::<Vec<_>>(), [SET, EMPTY]);
    let set = &grants.permission_sets[SET];
    assert_eq!((set.arn.as_str(), set.instance.as_str()), (SET, "arn:aws:sso:::instance/ssoins-1111222233334444"));
    assert_eq!((set.name.as_deref(), set.session_duration.as_deref()), (Some("Shop_Operator"), Some("PT4H")));
    assert_eq!(set.inline.present().unwrap().document.as_ref().unwrap().statements.len(), 1);
    assert_eq!(set.managed.present().unwrap(), &["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]);
    assert_eq!(set.customer.present().unwrap(), &[CustomerPolicy { path: "/teams/".to_owned(), name: "shop-operator".to_owned() }]);
    assert_eq!(set.boundary, Known::Present(SetBoundary::Customer(CustomerPolicy { path: "/".to_owned(), name: "ceiling".to_owned() })));
    assert_eq!(set.accounts.present().unwrap().iter().collect::<Vec<_>>(), ["111122223333", "444455556666"]);
    let who = set.assignments["111122223333"].present().unwrap();
    assert_eq!(who.iter().map(|a| a.kind.as_str()).collect::<Vec<_>>(), ["GROUP", "USER"]);
    assert_eq!(set.assignments["444455556666"].why(), Some("the command failed: AccessDeniedException"));
    let empty = &grants.permission_sets[EMPTY];
    assert_eq!((empty.inline.clone(), empty.boundary.clone()), (Known::Absent, Known::Absent));
    assert_eq!((empty.managed.clone(), empty.customer.clone()), (Known::Present(Vec::new()), Known::Present(Vec::new())));
}

#[test]
fn a_role_names_its_set_and_agrees_with_it() {
    let grants = bundle();
    let role = role(&grants);
    let set = grants.permission_set_of(role).unwrap();
    assert_eq!(set.arn, SET);
    assert!(grants.set_differences(role, set).is_empty(), "{:?}", grants.set_differences(role, set));
    let mut elsewhere = role.clone();
    elsewhere.path = "/".to_owned();
    assert!(grants.permission_set_of(&elsewhere).is_none(), "a role of somebody else with such a name");
    let mut two = grants.clone();
    two.permission_sets.get_mut(EMPTY).unwrap().name = Some("Shop_Operator".to_owned());
    assert!(two.permission_set_of(role).is_none(), "two sets of one name");
}

#[test]
fn what_was_not_provisioned_is_named() {
    let grants = bundle();
    let role = role(&grants);
    let mut set = grants.permission_sets[SET].clone();
    set.inline = Known::Absent;
    set.managed = Known::Present(vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()]);
    set.boundary = Known::Present(SetBoundary::Managed("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()));
    let gaps: Vec<String> = grants.set_differences(role, &set).iter().map(super::permission_set::Difference::gap).collect();
    assert_eq!(gaps.len(), 3);
    assert!(gaps[0].starts_with("permission set `Shop_Operator` is not provisioned as it is: inline policy of arn:aws:iam::"), "{}", gaps[0]);
    assert!(gaps[1].contains("only the permission set: arn:aws:iam::aws:policy/ReadOnlyAccess; only the role: arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"), "{}", gaps[1]);
    assert!(gaps[2].contains("only the role: arn:aws:iam::111122223333:policy/ceiling"), "{}", gaps[2]);
    set.inline = Known::default();
    set.customer = Known::default();
    set.boundary = Known::default();
    assert!(grants.set_differences(role, &set).is_empty(), "what is not known is not compared");
}

#[test]
fn paths_and_wrappers_name_the_set_too() {
    let cn = "arn:aws-cn:sso:::permissionSet/ssoins-1/ps-2";
    let grants = files(&[
        ("b/sso/instances.json", json!({"Instances": [{"InstanceArn": "arn:aws-cn:sso:::instance/ssoins-1"}]})),
        ("b/sso/ssoins-1/ps-1/inline.json", json!({"InlinePolicy": "not a policy"})),
        ("loose.json", json!({"resourceArn": cn, "output": {"InlinePolicy": ""}})),
        ("lost.json", json!({"InlinePolicy": ""})),
    ]);
    assert_eq!(grants.permission_sets.keys().collect::<Vec<_>>(), ["arn:aws-cn:sso:::permissionSet/ssoins-1/ps-1", cn]);
    assert_eq!(grants.permission_sets[cn].inline, Known::Absent);
    let broken = &grants.permission_sets["arn:aws-cn:sso:::permissionSet/ssoins-1/ps-1"].inline;
    assert!(broken.present().unwrap().document.is_err());
    let problems: Vec<&str> = grants.problems.iter().map(|p| p.reason.as_str()).collect();
    assert!(problems.contains(&"of which permission set it tells is not told"), "{problems:?}");
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_list_that_breaks_off_is_not_known() {
    let grants = files(&[("sso/ssoins-1/ps-1/managed.json", json!({"AttachedManagedPolicies": [], "NextToken": "more"}))]);
    let set = grants.permission_sets.values().next().unwrap();
    assert_eq!(set.managed.why(), Some("the list breaks off"));
    assert_eq!(grants.problems.len(), 1);
}

#[test]
fn without_a_set_nothing_is_absent() {
    let errors = |file: &str| json!({"file": file, "code": "ResourceNotFoundException"}).to_string();
    let text = ["sso/ssoins-1/ps-1/inline.json", "sso/ssoins-1/ps-1/boundary.json"].map(errors).join("\n");
    let grants = super::cli::bundle_test::texts_of(&[("errors.jsonl", text)]);
    let set = grants.permission_sets.values().next().unwrap();
    assert_eq!(set.inline.why(), Some("AWS says that there is no such permission set"));
    assert_eq!(set.boundary, Known::Absent);
}
