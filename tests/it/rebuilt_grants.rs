//! Real logs against grants that the same logs tell of: the roles and users whose creation is logged, with the
//! policies that were put on them, as an export would list them. No public set has both, so this is the only place
//! where the evaluation meets AWS's own decisions.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::common::{corpora, json, trailtrim};

/// The records of a set, whatever they are wrapped in.
pub fn records(folder: &Path) -> Vec<Value> {
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "events.ndjson" || (name.ends_with(".json") && !folder.join("events.ndjson").exists()) {
            let text = std::fs::read_to_string(&path).unwrap();
            for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>().flatten() {
                match value.get("Records").and_then(Value::as_array) {
                    Some(list) => out.extend(list.iter().cloned()),
                    None => out.push(value.get("detail").cloned().unwrap_or(value)),
                }
            }
        }
    }
    // Of one second, what makes something comes before what is put on it.
    let is_later = |r: &Value| !r["eventName"].as_str().unwrap_or_default().starts_with("Create");
    out.sort_by_key(|r| (r["eventTime"].as_str().unwrap_or_default().to_owned(), is_later(r)));
    out
}

/// A holder's entry in the export, found or begun.
fn entry<'m>(made: &'m mut BTreeMap<String, Value>, request: &Value) -> Option<&'m mut Value> {
    let name = request["roleName"].as_str().or(request["userName"].as_str())?;
    made.get_mut(name)
}

/// What `get-account-authorization-details` would say of the users and roles that these records create.
pub fn export(records: &[Value]) -> Value {
    let (mut roles, mut users, mut policies) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for record in records.iter().filter(|r| r["errorCode"].as_str().is_none_or(str::is_empty)) {
        let (request, response) = (&record["requestParameters"], &record["responseElements"]);
        // A document that was cut by the set's maker is no policy.
        let document = |field: &str| serde_json::from_str::<Value>(request[field].as_str().unwrap_or("null")).unwrap_or_default();
        match record["eventName"].as_str().unwrap_or_default() {
            name @ ("CreateRole" | "CreateUser") => {
                let kind = if name == "CreateRole" { "role" } else { "user" };
                let told = &response[kind];
                let Some(arn) = told["arn"].as_str() else { continue };
                let title = |rest: &str| format!("{}{rest}", if kind == "role" { "Role" } else { "User" });
                let mut entry = json!({
                    "Path": told["path"].as_str().unwrap_or("/"), "Arn": arn, "CreateDate": record["eventTime"],
                    "AttachedManagedPolicies": [], title("PolicyList"): [], title("Name"): request[format!("{kind}Name")],
                    title("Id"): told[format!("{kind}Id")],
                });
                if kind == "role" {
                    entry["AssumeRolePolicyDocument"] = document("assumeRolePolicyDocument");
                }
                let made = if kind == "role" { &mut roles } else { &mut users };
                made.insert(entry[title("Name")].as_str().unwrap().to_owned(), entry);
            }
            "PutRolePolicy" | "PutUserPolicy" => {
                for (made, list) in [(&mut roles, "RolePolicyList"), (&mut users, "UserPolicyList")] {
                    if let Some(holder) = entry(made, request) {
                        let put = json!({"PolicyName": request["policyName"], "PolicyDocument": document("policyDocument")});
                        holder[list].as_array_mut().unwrap().push(put);
                    }
                }
            }
            "AttachRolePolicy" | "AttachUserPolicy" => {
                for made in [&mut roles, &mut users] {
                    if let Some(holder) = entry(made, request) {
                        let arn = request["policyArn"].as_str().unwrap();
                        let attached = json!({"PolicyArn": arn, "PolicyName": arn.rsplit('/').next()});
                        holder["AttachedManagedPolicies"].as_array_mut().unwrap().push(attached);
                    }
                }
            }
            "CreatePolicy" if document("policyDocument").is_object() && response["policy"]["arn"].is_string() => policies.push(json!({
                "Arn": response["policy"]["arn"], "PolicyName": request["policyName"], "Path": "/", "DefaultVersionId": "v1",
                "PolicyId": response["policy"]["policyId"], "CreateDate": record["eventTime"], "AttachmentCount": 0,
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document("policyDocument")}],
            })),
            _ => {}
        }
    }
    let list = |made: BTreeMap<String, Value>| made.into_values().collect::<Vec<_>>();
    json!({"UserDetailList": list(users), "GroupDetailList": [], "RoleDetailList": list(roles), "Policies": policies})
}

/// What a run of a set against its own rebuilt grants says of their agreement.
fn consistency(folder: &Path) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("gaad.json"), export(&records(folder)).to_string()).unwrap();
    let events = folder.join("events.ndjson");
    let logs = if events.exists() { events } else { folder.to_owned() };
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--grants".as_ref(), at("gaad.json").as_os_str(),
        "--state".as_ref(), at("state").as_os_str(), "--out".as_ref(), at("out").as_os_str(),
        "--window".as_ref(), "3650d".as_ref(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr));
    json(&at("out").join("run.json"))["consistency"].clone()
}

/// `ok`, `unknown` and `contradiction`.
fn figures(tally: &Value) -> [i64; 3] {
    ["ok", "unknown", "contradiction"].map(|k| tally[k].as_i64().unwrap())
}

#[test]
fn aws_and_the_evaluation_agree_on_real_logs() {
    let Some(corpora) = corpora() else { return };
    // Not ct-watcher: its callers were renamed to two names, of which one is a user that it creates.
    for set in ["ct-awsdocs-2023", "ct-invictus", "ct-panther", "ct-stratus"] {
        let found = consistency(&corpora.join(set));
        println!("{set}: allowed {:?}, denied {:?}, {}", figures(&found["allowed"]), figures(&found["denied"]), found["settled_by"]);
        assert_eq!(found["contradictions"], json!([]), "{set}");
        if set == "ct-invictus" {
            // Roles of an attack simulation. What they did through the Systems Manager agent was granted by a policy
            // whose attachment is not logged; a service took up one of them; one of their denials names its layer, the
            // others are encoded.
            assert_eq!((figures(&found["allowed"]), figures(&found["denied"])), ([1, 7, 0], [21, 0, 0]));
            assert_eq!((&found["denied_layers"]["agree"], &found["denied_layers"]["not_named"]), (&json!(1), &json!(20)));
        }
    }
}
