//! A made-up organisation of three accounts for tests of external access: roles with one trust policy each, and the calls that
//! took them up, as CloudTrail writes them in the logs of both sides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Outcome, RunOptions, run};

/// The account of the roles.
pub const OWNER: &str = "111122223333";
/// Another account of the organisation, with exports.
pub const SISTER: &str = "444455556666";
/// The third one, without exports.
pub const THIRD: &str = "123456789012";
/// Ours by configuration, in no organisation.
pub const BOUGHT: &str = "222233334444";
/// A vendor by configuration.
pub const VENDOR: &str = "555555555555";
/// A vendor by the list.
pub const LISTED: &str = "888877776666";
/// AWS's own by the list.
pub const AWS: &str = "100000000001";
/// Nobody's that we know.
pub const STRANGER: &str = "999988887777";
/// 2026-11-01, epoch ms.
pub const NOW_MS: i64 = 1_793_491_200_000;
const DAY_MS: i64 = 86_400_000;
/// Days on which a caller comes, counted back from the end of the window.
pub const DAYS_OF_USE: [i64; 6] = [89, 70, 50, 30, 10, 1];

pub fn role_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

pub fn user_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

pub fn key(prefix: &str, account: &str, name: &str) -> String {
    let hash = crate::reference::bundle::sha256_hex(format!("{account}/{name}").as_bytes()).to_uppercase();
    format!("{prefix}{}", &hash[..17])
}

/// A caller as its own account's log names it.
pub fn as_role(account: &str, name: &str, access_key: &str) -> Value {
    let id = key("AROA", account, name);
    json!({"type": "AssumedRole", "principalId": format!("{id}:job"), "accountId": account, "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/job"),
        "accessKeyId": access_key, "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": id, "arn": role_arn(account, name), "accountId": account, "userName": name},
        "attributes": {"creationDate": "2026-07-01T00:00:00Z", "mfaAuthenticated": "false"}}})
}

pub fn as_user(account: &str, name: &str) -> Value {
    json!({"type": "IAMUser", "principalId": key("AIDA", account, name), "arn": user_arn(account, name), "accountId": account, "userName": name, "accessKeyId": "AKIAIOSFODNN7EXAMPLE"})
}

/// A caller as the log of another account names it.
pub fn as_other(account: &str, id: &str) -> Value {
    json!({"type": "AWSAccount", "principalId": format!("{id}:job"), "accountId": account})
}

pub fn as_service(service: &str) -> Value {
    json!({"type": "AWSService", "invokedBy": service})
}

pub fn as_web(provider: &str, subject: &str) -> Value {
    json!({"type": "WebIdentityUser", "principalId": format!("{provider}:sts.amazonaws.com:{subject}"), "userName": subject, "identityProvider": provider})
}

pub fn as_saml(provider: &str, name: &str) -> Value {
    json!({"type": "SAMLUser", "principalId": format!("idp:{name}"), "userName": name, "identityProvider": provider})
}

/// Everything that a run is given.
#[derive(Default)]
pub struct World {
    roles: BTreeMap<String, Vec<Value>>,
    users: BTreeMap<String, Vec<Value>>,
    records: BTreeMap<String, Vec<Value>>,
    count: usize,
}

impl World {
    /// Three accounts with calls on every day, so that nothing is unknown for want of logs.
    pub fn new() -> World {
        let mut world = World::default();
        for account in [OWNER, SISTER] {
            world.user(account, "routine");
            for day in 0..91 {
                for region in ["eu-west-1", "us-east-1"] {
                    world.record(account, NOW_MS - day * DAY_MS - 3_600_000, region, "ec2", "DescribeInstances", as_user(account, "routine"), json!({}), Value::Null, json!({"readOnly": true}));
                    world.record(account, NOW_MS - day * DAY_MS - 3_500_000, region, "ec2", "StopInstances", as_user(account, "routine"), json!({"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa1"}]}}), Value::Null, json!({"readOnly": false}));
                }
            }
        }
        world
    }

    pub fn user(&mut self, account: &str, name: &str) {
        self.users.entry(account.to_owned()).or_default().push(json!({"UserName": name, "UserId": key("AIDA", account, name), "Arn": user_arn(account, name),
            "Path": "/", "CreateDate": "2024-01-01T00:00:00Z", "UserPolicyList": [], "AttachedManagedPolicies": [], "GroupList": []}));
    }

    /// A role with its trust policy's statements and the actions that it may do.
    pub fn role(&mut self, account: &str, path: &str, name: &str, statements: Value, actions: &[&str]) {
        self.role_with(account, path, name, statements, json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]));
    }

    /// A role with its trust policy's statements and those of its own policy.
    pub fn role_with(&mut self, account: &str, path: &str, name: &str, statements: Value, own: Value) {
        let trust = json!({"Version": "2012-10-17", "Statement": statements});
        let own = json!({"Version": "2012-10-17", "Statement": own});
        self.roles.entry(account.to_owned()).or_default().push(json!({"RoleName": name, "RoleId": key("AROA", account, name), "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
            "Path": path, "CreateDate": "2024-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": [], "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": own}], "Tags": [{"Key": "owner", "Value": "platform"}]}));
    }

    #[allow(clippy::too_many_arguments, reason = "a record has that many parts")]
    fn record(&mut self, account: &str, at_ms: i64, region: &str, source: &str, name: &str, who: Value, request: Value, response: Value, more: Value) {
        self.count += 1;
        let n = self.count;
        let time = jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string();
        let mut record = json!({"eventVersion": "1.11", "userIdentity": who, "eventTime": time, "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
            "awsRegion": region, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.31.0 md/x", "requestParameters": request, "responseElements": response,
            "requestID": format!("request-{n}"), "eventID": format!("event-{n}"), "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": account, "eventCategory": "Management"});
        for (k, v) in more.as_object().unwrap() {
            record[k] = v.clone();
        }
        self.records.entry(account.to_owned()).or_default().push(record);
    }

    /// One call that takes up a role, in the log of `account`.
    pub fn assume(&mut self, account: &str, days_ago: i64, who: &Value, role: &str, more: &Call<'_>) {
        let action = match who["type"].as_str().unwrap() {
            "SAMLUser" => "AssumeRoleWithSAML",
            "WebIdentityUser" => "AssumeRoleWithWebIdentity",
            _ => "AssumeRole",
        };
        let mut request = json!({"roleArn": role, "roleSessionName": more.session.unwrap_or("job"), "durationSeconds": 3600});
        if let Some(id) = more.external_id {
            request["externalId"] = id.into();
        }
        if let Some(device) = more.device {
            request["serialNumber"] = device.into();
        }
        let issued = more.issued.map_or_else(|| format!("ASIA{:016}", self.count), str::to_owned);
        let response = json!({"credentials": {"accessKeyId": issued, "expiration": "Nov 1, 2026", "sessionToken": "secret-token"}});
        let owner = role.split(':').nth(4).unwrap().to_owned();
        let mut rest = json!({"resources": [{"accountId": owner, "type": "AWS::IAM::Role", "ARN": role}], "sourceIPAddress": more.address.unwrap_or("198.51.100.9")});
        if let Some(shared) = more.shared {
            rest["sharedEventID"] = shared.into();
        }
        self.record(account, NOW_MS - days_ago * DAY_MS - 7_200_000, "eu-west-1", "sts", action, who.clone(), request, response, rest);
    }

    /// The same call on every day of use.
    pub fn assumed(&mut self, account: &str, who: &Value, role: &str, more: &Call<'_>) {
        for day in DAYS_OF_USE {
            self.assume(account, day, who, role, more);
        }
    }

    /// Calls of another account's role that both accounts log.
    pub fn assumed_both(&mut self, from: &str, caller: &str, role: &str) {
        let owner = role.split(':').nth(4).unwrap().to_owned();
        for day in DAYS_OF_USE {
            let shared = format!("shared-{from}-{caller}-{role}-{day}");
            let call = Call { shared: Some(&shared), ..Call::default() };
            self.assume(from, day, &as_role(from, caller, "ASIAOTHER"), role, &call);
            self.assume(&owner, day, &as_other(from, &key("AROA", from, caller)), role, &call);
        }
    }

    fn write(&self, folder: &Path) {
        let put = |path: PathBuf, value: &Value| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, serde_json::to_vec(value).unwrap()).unwrap();
        };
        for account in [OWNER, SISTER] {
            let gaad = json!({"UserDetailList": self.users.get(account), "GroupDetailList": [], "RoleDetailList": self.roles.get(account), "Policies": []});
            put(folder.join(format!("grants/accounts/{account}/iam/gaad.json")), &gaad);
        }
        let arn = |what: &str| format!("arn:aws:organizations::210987654321:{what}");
        put(folder.join("grants/organization/organization.json"), &json!({"Organization": {"Id": "o-exampleorg", "Arn": arn("organization/o-exampleorg"), "FeatureSet": "ALL",
            "MasterAccountArn": arn("account/o-exampleorg/210987654321"), "MasterAccountId": "210987654321"}}));
        let account = |id: &str| json!({"Id": id, "Arn": arn(&format!("account/o-exampleorg/{id}")), "Name": id, "Status": "ACTIVE"});
        put(folder.join("grants/organization/accounts.json"), &json!({"Accounts": [account("210987654321"), account(OWNER), account(SISTER), account(THIRD)]}));
        put(folder.join("grants/manifest.json"), &json!({"bundleVersion": 1, "createdAt": "2026-10-31T22:00:00Z", "tool": "aws-cli/2.31.0", "accounts": [OWNER, SISTER], "partition": "aws"}));
        for (account, records) in &self.records {
            put(folder.join(format!("logs/AWSLogs/{account}/CloudTrail/eu-west-1/2026/10/31/{account}_CloudTrail_eu-west-1_20261031T2355Z_abc.json")), &json!({"Records": records}));
        }
        std::fs::write(folder.join("trailtrim.toml"), format!("[accounts]\n\"{BOUGHT}\" = \"bought\"\n[vendors]\n\"{VENDOR}\" = \"Example Monitoring Ltd\"\n")).unwrap();
        let list = format!("- name: Listed Scanner\n  source: [https://scanner.example/docs]\n  accounts: ['{LISTED}', '{VENDOR}']\n- name: AWS\n  type: aws\n  accounts: ['{AWS}']\n");
        std::fs::write(folder.join("known.yaml"), list).unwrap();
    }

    /// The whole nightly run; `true`: with grants.
    pub fn run(&self, folder: &Path, with_grants: bool) -> Outcome {
        self.run_at(folder, with_grants, NOW_MS)
    }

    pub fn run_at(&self, folder: &Path, with_grants: bool, now_ms: i64) -> Outcome {
        self.write(folder);
        let options = RunOptions {
            logs: vec![folder.join("logs")],
            keep: crate::ingest::source::Keep::default(),
            digests: None,
            grants: if with_grants { vec![folder.join("grants")] } else { Vec::new() },
            state: folder.join("state"),
            out: folder.join("out"),
            window_days: 90,
            keep_days: None,
            now_ms,
            config: Some(folder.join("trailtrim.toml")),
            from_usage: false,
            quiet: true,
            known_accounts: Some(folder.join("known.yaml")),
            mmdb: Vec::new(),
            iac_map: None,
            suppressions: None,
            html_max_mb: crate::report::html::MAX_MB,
            tickets: false,
            ticket_template: None,
            redact: false,
            redact_key: None,
            timings: false,
        };
        run(&options).unwrap()
    }
}

/// What a call carries besides.
#[derive(Default, Clone, Copy)]
pub struct Call<'a> {
    pub session: Option<&'a str>,
    pub external_id: Option<&'a str>,
    pub device: Option<&'a str>,
    pub shared: Option<&'a str>,
    pub address: Option<&'a str>,
    pub issued: Option<&'a str>,
}

/// A table of the output folder, rows by column.
pub fn table(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(format!("out/tables/{name}.csv"))).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    reader.records().map(|r| header.iter().cloned().zip(r.unwrap().iter().map(str::to_owned)).collect()).collect()
}
