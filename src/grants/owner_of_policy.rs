//! Which policies govern a request's resource: from its ARN to the thing that carries the policy.
//!
//! Absent is said only where a list or a refused command says so; what is not there, is not known, with the reason.
//! Source: inputs-and-evaluation.md section 1.3; Service Authorization Reference, resource types; and the page of each
//! service on resource-based policies.

use super::resource::{AccessPoint, Bucket, Key, Resource, Resources};
use super::resource_told::bucket_arn;
use super::{AttachedDocument, Grants, Known, ListKey};
use crate::aws::Arn;
use crate::policy::beside::BlockPublicAccess;

/// Services whose resources can carry policies of their own: a call that no identity policy explains may be
/// granted there. One too many leaves a contradiction open, one too few invents it. Source: IAM User Guide, "AWS
/// services that work with IAM", column of resource-based policies.
const CARRIERS: &[&str] = &[
    "acm-pca", "aoss", "backup", "bedrock", "bedrock-agentcore", "cloudhsm", "cloudtrail", "codeartifact", "codebuild",
    "comprehend", "dynamodb", "ecr", "ecr-public", "elasticfilesystem", "es", "events", "execute-api", "glacier", "glue", "iam",
    "imagebuilder", "kafka", "kinesis", "kms", "lambda", "lex", "logs", "mediastore", "network-firewall", "networkmanager",
    "organizations", "osis", "ram", "redshift", "redshift-serverless", "refactor-spaces", "rekognition", "s3", "s3-object-lambda",
    "s3-outposts", "s3express", "s3tables", "sagemaker", "schemas", "secretsmanager", "serverlessrepo", "ses", "signer", "sns",
    "sqs", "ssm", "ssm-contacts", "ssm-incidents", "sts", "vpc-lattice", "vpc-lattice-svcs", "xray",
];

/// Whether resources of a service, by its IAM prefix, may carry policies of their own.
#[must_use]
pub fn may_carry_policy(service: &str) -> bool {
    CARRIERS.contains(&service)
}

/// What governs an ARN: the things that carry the policies, and the list that would name the first of them.
struct Home {
    keys: Vec<String>,
    list: Option<&'static str>,
}

fn at(list: Option<&'static str>, key: String) -> Home {
    Home { keys: vec![key], list }
}

/// The first parts of a resource, up to a number of them.
fn first(resource: &str, separator: char, count: usize) -> String {
    resource.split(separator).take(count).collect::<Vec<_>>().join(&separator.to_string())
}

/// An S3 access point of an ARN: `accesspoint/NAME/…` or `accesspoint:NAME`.
fn access_point_arn(arn: &Arn<'_>) -> Option<String> {
    if arn.service != "s3" || arn.account.is_empty() {
        return None;
    }
    let name = arn.resource.strip_prefix("accesspoint")?.strip_prefix(['/', ':'])?.split('/').next()?;
    Some(format!("arn:{}:s3:{}:{}:accesspoint/{name}", arn.partition, arn.region, arn.account))
}

impl Resources {
    /// The policies that govern a request's resource: its own, those of what it is in, and those that RAM made for it as far
    /// as they are known (they only allow, and only others; [`Resources::shared_policies_of`] says what is known of them).
    #[must_use]
    pub fn policy_of(&self, arn: &str) -> Known<Vec<&AttachedDocument>> {
        let Some(parsed) = Arn::parse(arn) else { return Known::Unknown("not an ARN".to_owned()) };
        let home = match self.home(arn, &parsed) {
            Ok(home) => home,
            Err(why) => return Known::Unknown(why),
        };
        let mut all = Vec::new();
        for (at, key) in home.keys.iter().enumerate() {
            match self.carried(key, &parsed, home.list.filter(|_| at == 0)) {
                Known::Present(list) => all.extend(list),
                Known::Absent => {}
                Known::Unknown(why) => return Known::Unknown(why),
            }
        }
        if all.is_empty() { Known::Absent } else { Known::Present(all) }
    }

    /// The policies that RAM made for shares of a request's resource.
    #[must_use]
    pub fn shared_policies_of(&self, arn: &str) -> Known<Vec<&AttachedDocument>> {
        let home = Arn::parse(arn).and_then(|parsed| self.home(arn, &parsed).ok());
        let key = home.as_ref().and_then(|h| h.keys.first());
        key.and_then(|k| self.by_arn.get(k)).map_or_else(Known::default, |r| r.shared.as_ref().map(|list| list.iter().collect()))
    }

    /// The policies of one thing that carries them.
    fn carried(&self, key: &str, asked: &Arn<'_>, list: Option<&'static str>) -> Known<Vec<&AttachedDocument>> {
        let Some(resource) = self.by_arn.get(key) else { return Known::Unknown(self.why_missing(key, asked, list)) };
        let shared = resource.shared.present().into_iter().flatten();
        match &resource.policy {
            Known::Present(own) => Known::Present(own.iter().chain(shared).collect()),
            Known::Absent => Known::Present(shared.collect()),
            Known::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    /// Why nothing is known of something that no export names.
    fn why_missing(&self, key: &str, asked: &Arn<'_>, list: Option<&'static str>) -> String {
        if asked.service == "s3" && asked.account.is_empty() {
            return "no export names the bucket: it is of another account, was deleted or made since, or buckets were not exported".to_owned();
        }
        let account = asked.account;
        if !self.is_exported(account) {
            return format!("nothing of the resources of account {account} was exported");
        }
        let Some(list) = list else { return format!("not exported: {key}") };
        let or_else = if list == "rest-apis" { ", or no REST API: the others carry no policy" } else { "" };
        let region = if list == "multi-region-access-points" { "" } else { asked.region };
        let state = self.lists.get(&ListKey { export: list, account: account.to_owned(), region: region.to_owned() });
        match state {
            Some(Known::Present(())) => format!("the list `{list}` of account {account} in {region} does not name it: made or deleted since{or_else}"),
            Some(Known::Unknown(why)) => format!("the list `{list}` of account {account} in {region} is not known: {why}"),
            Some(Known::Absent) | None => format!("the list `{list}` of account {account} in {region} was not exported"),
        }
    }

    /// Whether anything of an account's resources was exported.
    #[must_use]
    pub fn is_exported(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// What governs an ARN.
    fn home(&self, arn: &str, parsed: &Arn<'_>) -> Result<Home, String> {
        let of = |resource: &str| format!("arn:{}:{}:{}:{}:{resource}", parsed.partition, parsed.service, parsed.region, parsed.account);
        let resource = parsed.resource;
        let by_slash = |count: usize| of(&first(resource, '/', count));
        Ok(match parsed.service {
            "s3" => self.s3_home(parsed),
            "lambda" => lambda_home(&of, resource),
            "kms" if resource.starts_with("alias/") => match self.aliases.get(arn) {
                Some(key) => at(Some("kms-keys"), key.clone()),
                None => return Err(self.why_missing(arn, parsed, Some("kms-aliases"))),
            },
            "kms" => at(Some("kms-keys"), arn.to_owned()),
            "sqs" => at(Some("sqs-queues"), arn.to_owned()),
            // A subscription stands under its topic.
            "sns" => at(Some("sns-topics"), of(&first(resource, ':', 1))),
            "secretsmanager" => at(Some("secrets"), self.secret(arn)),
            "dynamodb" if resource.contains("/stream/") => at(None, arn.to_owned()),
            "dynamodb" => at(Some("dynamodb-tables"), by_slash(2)),
            "kinesis" if resource.contains("/consumer/") => at(None, arn.to_owned()),
            "kinesis" => at(Some("kinesis-streams"), by_slash(2)),
            "logs" if resource.starts_with("log-group:") => Home { keys: self.with_own(of("log-group:*"), of(&first(resource, ':', 2))), list: Some("logs-policies") },
            "logs" if resource.starts_with("destination:") => at(Some("logs-destinations"), arn.to_owned()),
            "glue" if ["catalog", "database", "table", "tableVersion", "userDefinedFunction", "connection"].contains(&first(resource, '/', 1).as_str()) => {
                at(Some("glue-policy"), of("catalog"))
            }
            // The registry's policy may name repositories, too (Amazon ECR user guide, registry permissions).
            "ecr" if resource.starts_with("repository/") => Home { keys: vec![of(resource), of("registry")], list: Some("ecr-repositories") },
            // The domain's policy holds for what is in it (CodeArtifact user guide, domain policies).
            "codeartifact" if resource.starts_with("repository/") || resource.starts_with("package/") => {
                let mut parts = resource.split('/').skip(1);
                let (domain, repository) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                Home { keys: vec![of(&format!("domain/{domain}")), of(&format!("repository/{domain}/{repository}"))], list: Some("artifact-domains") }
            }
            "codeartifact" => at(Some("artifact-domains"), by_slash(2)),
            "events" if resource.starts_with("rule/") => at(Some("event-buses"), of(&format!("event-bus/{}", bus_of_rule(resource)))),
            "events" => at(Some("event-buses"), arn.to_owned()),
            "execute-api" => at(Some("rest-apis"), by_slash(1)),
            "elasticfilesystem" if resource.starts_with("access-point/") => match self.file_systems.get(arn) {
                Some(file_system) => at(Some("file-systems"), file_system.clone()),
                None => return Err("which file system the access point is of was not exported".to_owned()),
            },
            "elasticfilesystem" => at(Some("file-systems"), by_slash(2)),
            "backup" if resource.starts_with("recovery-point:") => return Err("which vault the recovery point is in is not known".to_owned()),
            "backup" => at(Some("backup-vaults"), arn.to_owned()),
            "es" => at(Some("opensearch-domains"), by_slash(2)),
            "ses" => at(Some("ses-identities"), by_slash(2)),
            "acm-pca" => at(Some("private-cas"), by_slash(2)),
            "glacier" => at(Some("glacier-vaults"), by_slash(2)),
            "codebuild" if resource.starts_with("project/") => at(Some("codebuild-projects"), by_slash(2)),
            "codebuild" => at(Some("codebuild-report-groups"), by_slash(2)),
            "vpc-lattice" | "vpc-lattice-svcs" => {
                let key = format!("arn:{}:vpc-lattice:{}:{}:{}", parsed.partition, parsed.region, parsed.account, first(resource, '/', 2));
                at(Some(if resource.starts_with("servicenetwork/") { "lattice-networks" } else { "lattice-services" }), key)
            }
            "ssm-incidents" => at(Some("response-plans"), arn.to_owned()),
            "ssm-contacts" => at(Some("contacts"), arn.to_owned()),
            _ => at(None, arn.to_owned()),
        })
    }

    fn s3_home(&self, arn: &Arn<'_>) -> Home {
        if let Some(point) = access_point_arn(arn) {
            return at(Some(if arn.region.is_empty() { "multi-region-access-points" } else { "access-points" }), point);
        }
        let name = arn.resource.split('/').next().unwrap_or_default();
        if !arn.account.is_empty() {
            return at(None, format!("arn:{}:s3:{}:{}:{}", arn.partition, arn.region, arn.account, arn.resource));
        }
        // An access point's alias stands where a bucket's name would.
        let is_alias = name.ends_with("-s3alias");
        match is_alias.then(|| self.access_points.values().find(|p| p.alias.as_deref() == Some(name))).flatten() {
            Some(point) => at(Some("access-points"), point.arn.clone()),
            None => at(Some("buckets"), bucket_arn(arn.partition, name)),
        }
    }

    /// The first key, and the second where an export has it.
    fn with_own(&self, scope: String, own: String) -> Vec<String> {
        let mut keys = vec![scope];
        for form in [own.clone(), format!("{own}:*")] {
            if self.by_arn.contains_key(&form) && !keys.contains(&form) {
                keys.push(form);
            }
        }
        keys
    }

    /// A secret's whole ARN: requests may leave out the dash and six characters that AWS puts after the name.
    fn secret(&self, arn: &str) -> String {
        if self.by_arn.contains_key(arn) {
            return arn.to_owned();
        }
        let start = format!("{arn}-");
        let is_suffix = |rest: &str| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric());
        let mut named = self.by_arn.range(start.clone()..).map(|(key, _)| key).take_while(|k| k.starts_with(&start)).filter(|k| k.get(start.len()..).is_some_and(is_suffix));
        match (named.next(), named.next()) {
            (Some(one), None) => one.clone(),
            _ => arn.to_owned(),
        }
    }

    /// The access point that a request came through, by its resource.
    #[must_use]
    pub fn access_point_of(&self, arn: &str) -> Option<&AccessPoint> {
        let parsed = Arn::parse(arn).filter(|a| a.service == "s3")?;
        self.access_points.get(self.s3_home(&parsed).keys.first()?)
    }

    /// The buckets that a request's resource may be in: one, or those behind a multi-region access point.
    #[must_use]
    pub fn buckets_of(&self, arn: &str) -> Vec<&Bucket> {
        if let Some(point) = self.access_point_of(arn) {
            return point.buckets.iter().filter_map(|b| self.buckets.get(b)).collect();
        }
        let name = Arn::parse(arn).filter(|a| a.service == "s3" && a.account.is_empty()).and_then(|a| a.resource.split('/').next());
        name.and_then(|n| self.buckets.get(n)).into_iter().collect()
    }

    /// The bucket that a request's resource is in, where there is one only.
    #[must_use]
    pub fn bucket_of(&self, arn: &str) -> Option<&Bucket> {
        match self.buckets_of(arn).as_slice() {
            [bucket] => Some(bucket),
            _ => None,
        }
    }

    /// The key of a request's resource: a key, or the one that an alias stands for.
    #[must_use]
    pub fn key_of(&self, arn: &str) -> Option<&Key> {
        self.keys.get(self.aliases.get(arn).map_or(arn, String::as_str))
    }

    /// The resource whose policy governs a request's resource, where exported.
    #[must_use]
    pub fn resource_of(&self, arn: &str) -> Option<&Resource> {
        let home = Arn::parse(arn).and_then(|parsed| self.home(arn, &parsed).ok())?;
        self.by_arn.get(home.keys.first()?)
    }
}

/// `function:NAME` and `function:NAME:$LATEST` have the function's policy, every other qualifier its own
/// (Lambda developer guide, resource-based policies).
fn lambda_home(of: &impl Fn(&str) -> String, resource: &str) -> Home {
    match resource.split(':').collect::<Vec<_>>().as_slice() {
        ["function", name] | ["function", name, "$LATEST"] => at(Some("lambda-functions"), of(&format!("function:{name}"))),
        _ => at(None, of(resource)),
    }
}

/// `rule/RULE` is on the default bus, `rule/BUS/RULE` on its own; names of partners' buses have slashes.
fn bus_of_rule(resource: &str) -> &str {
    resource.strip_prefix("rule/").and_then(|r| r.rsplit_once('/')).map_or("default", |(bus, _)| bus)
}

impl Grants {
    /// S3 Block Public Access as it counts for a request's resource: the most restrictive of the bucket owner's account, the
    /// bucket, and the access point that the request comes through. Absent: all is off. Source: inputs-and-evaluation.md section 1.2.
    #[must_use]
    pub fn block_public_access_of(&self, arn: &str) -> Known<BlockPublicAccess> {
        let resources = &self.resources;
        let mut levels = Vec::new();
        let point = resources.access_point_of(arn);
        if let Some(point) = point {
            levels.push(point.block_public_access.as_ref());
        }
        match resources.buckets_of(arn).as_slice() {
            [bucket] => {
                levels.push(bucket.block_public_access.as_ref());
                let account = self.accounts.get(&bucket.account).map(|a| a.evidence.block_public_access.as_ref());
                levels.push(account.unwrap_or_else(|| Known::Unknown(format!("Block Public Access of account {} was not exported", bucket.account))));
            }
            [] => levels.push(Known::Unknown("no export names the bucket".to_owned())),
            _ => levels.push(Known::Unknown("which bucket the multi-region access point uses is not known".to_owned())),
        }
        strictest(levels)
    }
}

/// All levels together. A level that is not known does not matter where the others switch everything on.
fn strictest(levels: Vec<Known<&BlockPublicAccess>>) -> Known<BlockPublicAccess> {
    let known = levels.iter().filter_map(Known::present).fold(BlockPublicAccess::default(), |all, level| all.with(**level));
    let is_all = known.block_public_acls && known.ignore_public_acls && known.block_public_policy && known.restrict_public_buckets;
    match levels.iter().find_map(Known::why) {
        Some(why) if !is_all => Known::Unknown(why.to_owned()),
        _ if levels.iter().any(|l| l.present().is_some()) => Known::Present(known),
        _ => Known::Absent,
    }
}
