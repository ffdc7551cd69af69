//! The command that answers a question, with its places filled.

use crate::aws::Arn;
use crate::grants::ListKey;
use crate::grants::catalogue::Export;

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._@+=,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// What stands for a name in the row's command; `None` where the item does not tell.
fn part(name: &str, row: &Export, key: &ListKey, subject: &str) -> Option<String> {
    if row.file.starts_with("sso/") {
        let path = subject.split_once("permissionSet/").map_or(subject, |(_, rest)| rest);
        let mut parts = path.split('/').filter(|p| !p.is_empty());
        let (instance, set, account) = (parts.next(), parts.next(), parts.next());
        return match name {
            "instance" => instance.map(|i| format!("arn:aws:sso:::instance/{i}")),
            "id" => instance.zip(set).map(|(i, s)| format!("arn:aws:sso:::permissionSet/{i}/{s}")),
            _ => account.map(str::to_owned),
        };
    }
    let arn = Arn::parse(subject);
    let tail = arn.as_ref().map_or(subject, |a| a.resource);
    let text = match name {
        "account" if row.file.starts_with("accounts/") => key.account.clone(),
        "region" => key.region.clone(),
        // `layer:<name>:<version>`
        "layer" => subject.rsplit_once(':')?.0.to_owned(),
        "version" => subject.rsplit_once(':')?.1.to_owned(),
        "name" => tail.split_once(['/', ':']).map_or(tail, |(_, rest)| rest).to_owned(),
        "id" | "user" | "bucket" | "key" => subject.to_owned(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The command, `aws …`; a place that nothing fills stays as it is, in angle brackets.
#[must_use]
pub fn filled(row: &Export, key: &ListKey, subject: &str) -> String {
    let mut out = String::from("aws ");
    let mut rest = row.command.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&part(name, row, key, subject).map_or_else(|| format!("<{name}>"), |text| quoted(&text)));
        rest = tail;
    }
    out.push_str(rest);
    if let Some(keep) = &row.keep {
        out.push_str(" --query ");
        out.push_str(&quoted(keep));
    }
    let region = row.region.as_deref().unwrap_or(&key.region);
    if !region.is_empty() {
        out.push_str(" --region ");
        out.push_str(&quoted(region));
    } else if row.file.contains("{region}") {
        out.push_str(" --region <region>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::catalogue::export;

    fn command(id: &str, subject: &str) -> String {
        let row = export(id).unwrap();
        let region = if row.file.contains("{region}") { "eu-west-1" } else { "" };
        filled(row, &ListKey { export: &row.id, account: "111122223333".to_owned(), region: region.to_owned() }, subject)
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(command("bucket-policy", "logs"), "aws s3api get-bucket-policy --bucket logs");
        assert_eq!(command("access-keys", "ann o'neil"), r"aws iam list-access-keys --user-name 'ann o'\''neil'");
        assert_eq!(
            command("kms-key-policy", "arn:aws:kms:eu-west-1:111122223333:key/1"),
            "aws kms get-key-policy --key-id arn:aws:kms:eu-west-1:111122223333:key/1 --policy-name default --region eu-west-1"
        );
        assert_eq!(
            command("multi-region-access-points", ""),
            "aws s3control list-multi-region-access-points --account-id 111122223333 --region us-west-2"
        );
        assert_eq!(
            command("backup-vault-policy", "arn:aws:backup:eu-west-1:111122223333:backup-vault:nightly"),
            "aws backup get-backup-vault-access-policy --backup-vault-name nightly --region eu-west-1"
        );
        assert_eq!(
            command("assignments", "ssoins-1/ps-1/111122223333"),
            "aws sso-admin list-account-assignments --instance-arn arn:aws:sso:::instance/ssoins-1 --permission-set-arn arn:aws:sso:::permissionSet/ssoins-1/ps-1 --account-id 111122223333"
        );
        assert_eq!(command("assignments", ""), "aws sso-admin list-account-assignments --instance-arn <instance> --permission-set-arn <id> --account-id <account>");
    }
}
