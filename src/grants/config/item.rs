//! One configuration item, whoever wrote it: a snapshot, a history file, or an answer of the CLI.

use serde_json::Value;

use super::super::Capture;
use super::super::Source;
use super::super::builder::Builder;
use super::super::gaad::time_ms;
use super::super::json::{decoded, field, text};
use crate::aws::{Arn, is_account_id, partition_of_region};

/// What an item says of the thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is there, as the item shows it.
    There,
    /// It was deleted.
    Gone,
    /// AWS Config does not record it.
    Unrecorded,
}

/// An item.
pub struct Item {
    /// Pointer in its file.
    pub pointer: String,
    /// File, and the item's own time.
    pub capture: Capture,
    /// `AWS::IAM::Role`, …
    pub kind: String,
    /// What it says.
    pub status: Status,
    /// Account; empty where not told.
    pub account: String,
    /// Region; `None` for `global` and where not told.
    pub region: Option<String>,
    /// AWS Config's id of the thing.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// `configuration`, taken out of texts; null where it is not there.
    pub configuration: Value,
    /// `supplementaryConfiguration`, as it is, by name.
    pub supplementary: Value,
    /// `tags`, as they are.
    pub tags: Value,
    arn: Option<String>,
}

impl Item {
    /// Reads an item.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn read(value: &Value, pointer: String, of_file: &Capture) -> Result<Item, (&'static str, String)> {
        let fail = |field, why: &str| Err((field, why.to_owned()));
        let value = decoded(value);
        if !value.is_object() {
            return fail("", "not a configuration item");
        }
        let Some(kind) = text(&value, "resourceType") else { return fail("/resourceType", "missing or not a text") };
        let status = match field(&value, "configurationItemStatus") {
            None | Some(Value::Null) => Status::There,
            Some(Value::String(status)) => match status.as_str() {
                "OK" | "Ok" | "ResourceDiscovered" | "Discovered" => Status::There,
                "ResourceDeleted" | "ResourceDeletedNotRecorded" | "Deleted" => Status::Gone,
                "ResourceNotRecorded" | "N/A" => Status::Unrecorded,
                _ => return fail("/configurationItemStatus", "unknown status"),
            },
            Some(_) => return fail("/configurationItemStatus", "not a text"),
        };
        let time = field(&value, "configurationItemCaptureTime").filter(|t| !t.is_null());
        let at_ms = time_ms(time);
        if time.is_some() && at_ms.is_none() {
            return fail("/configurationItemCaptureTime", "not a time");
        }
        let arn = text(&value, "arn").map(str::to_owned);
        let of_arn = arn.as_deref().and_then(Arn::parse).map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
        let account = text(&value, "awsAccountId").or_else(|| text(&value, "accountId")).map(str::to_owned);
        if let (Some(account), Some(of_arn)) = (&account, &of_arn)
            && account != of_arn
        {
            return Err(("/awsAccountId", format!("account {account}, but the ARN is of account {of_arn}")));
        }
        let part = |name: &str| field(&value, name).map(decoded).unwrap_or_default();
        let (configuration, supplementary) = (part("configuration"), part("supplementaryConfiguration"));
        for (field, part) in [("/configuration", &configuration), ("/supplementaryConfiguration", &supplementary)] {
            if !part.is_object() && !part.is_null() && status == Status::There {
                return fail(field, "neither an object nor a text with one");
            }
        }
        Ok(Item {
            pointer,
            capture: Capture { at_ms: at_ms.or(of_file.at_ms), source: Source::Config, file: of_file.file.clone() },
            kind: kind.to_owned(),
            status,
            account: account.or(of_arn).unwrap_or_default(),
            region: text(&value, "awsRegion").filter(|r| *r != "global").map(str::to_owned),
            id: text(&value, "resourceId").map(str::to_owned),
            name: text(&value, "resourceName").map(str::to_owned),
            configuration,
            supplementary,
            tags: field(&value, "tags").cloned().unwrap_or_default(),
            arn,
        })
    }

    /// Names the thing, so that its items can be found: by AWS Config's id, which every item has, and which of IAM is the
    /// unique id, so that two of one name stay apart. Answers of queries may lack it.
    pub fn thing(&self) -> String {
        let id = self.id.as_ref().or(self.arn.as_ref()).or(self.name.as_ref()).map_or(self.pointer.as_str(), String::as_str);
        format!("{} {} {} {id}", self.kind, self.account, self.region.as_deref().unwrap_or_default())
    }

    /// The ARN: the item's, the configuration's, or made where id and region are enough for it.
    pub fn arn(&self) -> Option<String> {
        if self.kind == "AWS::ECR::RegistryPolicy" {
            // The policy is put on the registry.
            let region = self.region.as_deref()?;
            return Some(format!("arn:{}:ecr:{region}:{}:registry", partition_of_region(region), self.account));
        }
        let told = self.arn.as_deref().or_else(|| ["arn", "queueArn", "topicArn", "backupVaultArn", "functionArn"].iter().find_map(|f| text(&self.configuration, f)));
        if let Some(arn) = told.filter(|a| Arn::parse(a).is_some()) {
            return Some(arn.to_owned());
        }
        let region = self.region.as_deref().unwrap_or_default();
        let (partition, account) = (partition_of_region(region), &self.account);
        let id = self.id.as_deref()?;
        match self.kind.as_str() {
            "AWS::S3::Bucket" => Some(format!("arn:{partition}:s3:::{id}")),
            "AWS::KMS::Key" if !region.is_empty() => Some(format!("arn:{partition}:kms:{region}:{account}:key/{id}")),
            "AWS::EC2::VPCEndpoint" if !region.is_empty() => Some(format!("arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}")),
            _ => Arn::parse(id).map(|_| id.to_owned()),
        }
    }

    /// A field of the item that cannot be used.
    pub fn problem(&self, field: &str, why: &str, builder: &mut Builder) {
        builder.problem(&self.capture.file, &format!("{}{field}", self.pointer), why);
    }
}
