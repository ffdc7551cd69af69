//! `Resource` and `NotResource`: how ARNs are built, whether a service has resources of that form, and whether an action works
//! on any resource of its statement.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::action::{covered, is_pattern};
use super::document::Scope;
use super::{Code, PolicyType, Report, variable};
use crate::aws::arn::{Arn, arn_covers};
use crate::aws::glob::{glob_intersects, glob_matches};
use crate::aws::partition::is_account_id;
use crate::reference::{ActionId, Reference};

/// Partitions. Source: the endpoints file of AWS's SDKs; `aws::partition` has their regions.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];

/// A part of a known form of ARN.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// Always empty.
    Empty,
    /// Anything, and not empty.
    Some,
    /// This word.
    Is(String),
}

impl Part {
    fn of(text: &str) -> Part {
        match text {
            "" => Part::Empty,
            t if t.contains(['$', '*']) => Part::Some,
            t => Part::Is(t.to_owned()),
        }
    }

    /// Whether a part of an ARN pattern can be this.
    fn fits(&self, text: &str) -> bool {
        match self {
            Part::Empty => glob_matches(text, ""),
            Part::Some => !text.is_empty(),
            Part::Is(word) => glob_matches(text, word),
        }
    }
}

/// A known form of ARN.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Form {
    /// In small letters; `*` where it is that of the resource, as of recovery points of AWS Backup.
    service: String,
    region: Part,
    account: Part,
    /// The sixth part with `*` for what varies.
    resource: String,
    /// Names of buckets have no `/`, which sets them apart from objects.
    no_slash: bool,
}

impl Form {
    fn of(pattern: &str) -> Option<Form> {
        let arn = Arn::parse(pattern)?;
        let resource = variable::as_wildcards(arn.resource).into_owned();
        let service = variable::as_wildcards(arn.service).to_ascii_lowercase();
        let no_slash = service == "s3" && resource == "*";
        Some(Form { service, region: Part::of(arn.region), account: Part::of(arn.account), resource, no_slash })
    }

    fn resource_fits(&self, text: &str) -> bool {
        !(self.no_slash && text.contains('/')) && share_a_text(&self.resource, text)
    }

    fn fits(&self, arn: Arn<'_>) -> bool {
        // What is a resource of any service has its form.
        self.service == "*"
            || glob_matches(&arn.service.to_ascii_lowercase(), &self.service)
            && self.region.fits(arn.region)
            && self.account.fits(arn.account)
            && self.resource_fits(arn.resource)
    }
}

/// [`glob_intersects`], with the answers that can be had at a glance first.
fn share_a_text(form: &str, text: &str) -> bool {
    if !is_pattern(text) {
        return glob_matches(form, text);
    }
    let head = |pattern: &str| pattern.find(['*', '?']).unwrap_or(pattern.len());
    let (form_end, text_end) = (head(form), head(text));
    let common = form_end.min(text_end);
    if form.as_bytes().get(..common) != text.as_bytes().get(..common) {
        return false;
    }
    let ends_in_star = |pattern: &str, head: usize| pattern.get(head..) == Some("*");
    if (ends_in_star(form, form_end) && form_end <= text_end) || (ends_in_star(text, text_end) && text_end <= form_end) {
        return true;
    }
    glob_intersects(form, text)
}

/// The forms of ARNs that the reference knows.
pub(super) struct Resources {
    /// By the service in the ARN.
    by_service: HashMap<String, Vec<Form>>,
    /// By action's service, in order of its resource types.
    by_type: Vec<Vec<Vec<Form>>>,
    /// Words that stand where an account's number stands.
    account_words: BTreeSet<String>,
}

impl Resources {
    pub(super) fn new(reference: &Reference) -> Resources {
        let mut by_service: HashMap<String, Vec<Form>> = HashMap::new();
        // Owners of public images, listings and managed policies, that no form names.
        let mut account_words: BTreeSet<String> =
            ["amazon", "aws", "aws-marketplace", "aws-managed", "self", "cloudfront", "third-party"].into_iter().map(str::to_owned).collect();
        let mut by_type = Vec::new();
        for service in reference.services() {
            let mut types = Vec::new();
            for kind in &service.resource_types {
                let forms: Vec<Form> = kind.arn_patterns.iter().filter_map(|p| Form::of(p)).collect();
                for form in &forms {
                    if let Part::Is(word) = &form.account {
                        account_words.insert(word.clone());
                    }
                    let home = if form.service == "*" { &service.prefix } else { &form.service };
                    let known = by_service.entry(home.clone()).or_default();
                    if !known.contains(form) {
                        known.push(form.clone());
                    }
                }
                types.push(forms);
            }
            by_type.push(types);
        }
        Resources { by_service, by_type, account_words }
    }

    /// Whether an action works on a resource of this form; true where the reference does not say.
    fn is_of_action(&self, reference: &Reference, id: ActionId, arn: Arn<'_>) -> bool {
        let Some(info) = reference.action(id) else { return true };
        let types = self.by_type.get(info.service as usize);
        info.resources.iter().any(|entry| {
            let forms = types.and_then(|t| t.get(entry.type_index as usize));
            forms.is_none_or(|forms| forms.is_empty() || forms.iter().any(|f| f.fits(arn)))
        })
    }
}

fn element(scope: &Scope<'_>) -> &'static str {
    if scope.not_resource { "NotResource" } else { "Resource" }
}

/// Checks the resources of a statement.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report) {
    let element = element(scope);
    let plain: Vec<Cow<'_, str>> = scope.resources.iter().map(|r| variable::as_wildcards(r)).collect();
    for (text, plain) in scope.resources.iter().zip(&plain) {
        variable::check(report, element, text, scope.has_variables);
        form(scope, report, element, text, plain);
    }
    let texts: Vec<String> = scope.resources.iter().map(|r| (*r).to_owned()).collect();
    for (at, by) in covered(&texts, arn_covers) {
        if let (Some(text), Some(by)) = (texts.get(at), texts.get(by)) {
            report.add(Code::RedundantResource, element, Some(text), format!("`{by}` takes it in"));
        }
    }
    if !scope.not_action && !scope.not_resource && scope.kind != PolicyType::Trust && !scope.resources.is_empty() {
        actions_on(scope, report, &plain);
    }
}

/// The form of one ARN.
fn form(scope: &Scope<'_>, report: &mut Report, element: &str, text: &str, plain: &str) {
    if plain == "*" {
        return;
    }
    let mut add = |code: Code, what: String| report.add(code, element, Some(text), what);
    let Some(arn) = Arn::parse(plain) else {
        if plain.get(..4) == Some("arn:") {
            add(Code::MissingArnField, "an ARN has six parts: arn:partition:service:region:account:resource".to_owned());
        } else {
            add(Code::InvalidArnPrefix, "a resource is `*` or an ARN, which begins with `arn:`".to_owned());
        }
        return;
    };
    if plain.get(..4) != Some("arn:") {
        add(Code::InvalidArnPrefix, "an ARN begins with `arn:`, in small letters".to_owned());
    }
    if arn.resource.is_empty() || arn.service.is_empty() {
        add(Code::MissingArnField, "an ARN names a service and a resource".to_owned());
        return;
    }
    if !is_pattern(arn.partition) && !PARTITIONS.contains(&arn.partition) {
        add(Code::InvalidPartition, format!("`{}` is no partition", arn.partition));
    }
    if arn.service.bytes().any(|b| b.is_ascii_uppercase()) {
        add(Code::InvalidArnServiceCase, "the service of an ARN is written in small letters".to_owned());
    }
    if !arn.region.is_empty() && !is_pattern(arn.region) && !is_region(arn.region) {
        add(Code::InvalidArnRegion, format!("`{}` is no region", arn.region));
        return;
    }
    let resources = &scope.linter.resources;
    if !arn.account.is_empty() && !is_pattern(arn.account) && !is_account_id(arn.account) && !resources.account_words.contains(arn.account) {
        add(Code::InvalidArnAccount, format!("`{}` is no account number, which has twelve digits", arn.account));
        return;
    }
    if is_pattern(arn.service) {
        return;
    }
    let service = arn.service.to_ascii_lowercase();
    let Some(forms) = resources.by_service.get(&service) else {
        let date = &scope.linter.reference.header().date;
        report.unknown(Code::InvalidArnResource, element, Some(text), format!("the reference of {date} has no resources of a service `{service}`"));
        return;
    };
    if let Some((code, what)) = against(forms, arn) {
        let message = format!("service `{service}`: {what}");
        // What AWS itself owns and shares (public parameters, transforms, images) has no account number, and the reference does
        // not have the form of all of it.
        if is_account_id(arn.account) || is_pattern(arn.account) || code == Code::MissingArnRegion {
            report.add(code, element, Some(text), message);
        } else {
            report.unknown(code, element, Some(text), message);
        }
    }
}

/// What keeps an ARN from every known form.
fn against(forms: &[Form], arn: Arn<'_>) -> Option<(Code, &'static str)> {
    let mut alike = forms.iter().filter(|f| f.resource_fits(arn.resource)).peekable();
    if alike.peek().is_none() {
        return Some((Code::InvalidArnResource, "it has no resource whose ARN has this form"));
    }
    let alike: Vec<&Form> = alike.collect();
    if alike.iter().any(|f| f.region.fits(arn.region) && f.account.fits(arn.account)) {
        return None;
    }
    let with_account: Vec<&&Form> = alike.iter().filter(|f| f.account.fits(arn.account)).collect();
    if !with_account.is_empty() {
        if arn.region.is_empty() {
            return Some((Code::MissingArnRegion, "ARNs of this form have a region"));
        }
        return match with_account.iter().all(|f| f.region == Part::Empty) {
            true => Some((Code::ArnRegionNotAllowed, "ARNs of this form have no region")),
            false => Some((Code::InvalidArnRegion, "ARNs of this form are not of this region")),
        };
    }
    if arn.account.is_empty() {
        return Some((Code::InvalidArnAccount, "ARNs of this form have an account number"));
    }
    match alike.iter().all(|f| f.account == Part::Empty) {
        true => Some((Code::ArnAccountNotAllowed, "ARNs of this form have no account number")),
        false => Some((Code::InvalidArnAccount, "ARNs of this form are not of this account")),
    }
}

/// Whether a text has the form of a region's name: `eu-central-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let mut words = text.split('-');
    let first = words.next().unwrap_or_default();
    let (mut middle, mut last) = (0, "");
    for word in words {
        if !last.is_empty() {
            if !last.bytes().all(|b| b.is_ascii_lowercase()) {
                return false;
            }
            middle += 1;
        }
        last = word;
    }
    (2..=4).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && (1..=3).contains(&middle)
        && !last.is_empty()
        && last.len() <= 2
        && last.bytes().all(|b| b.is_ascii_digit())
}

/// Actions that work on none of the resources.
fn actions_on(scope: &Scope<'_>, report: &mut Report, plain: &[Cow<'_, str>]) {
    if plain.iter().any(|r| r == "*") {
        return;
    }
    let linter = scope.linter;
    let mut arns = Vec::with_capacity(plain.len());
    for text in plain {
        // What is no ARN has been told of, and may be meant to be any.
        let Some(arn) = Arn::parse(text) else { return };
        arns.push(arn);
    }
    for action in scope.actions.iter().filter(|a| !is_pattern(a)) {
        let Some(id) = linter.reference.find(action) else { continue };
        if !linter.reference.scopable(id) {
            report.add(Code::ActionNotOnResource, "Action", Some(action), "it works on no resources, only on `*`");
        } else if !arns.iter().any(|arn| linter.resources.is_of_action(linter.reference, id, *arn)) {
            report.add(Code::ActionNotOnResource, "Action", Some(action), "it works on none of the statement's resources");
        }
    }
}
