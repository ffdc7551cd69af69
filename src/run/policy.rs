//! `trailtrim policy`: the proposal of one owner, as a run wrote it, in one of its forms (design.md section 3).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::run_folder::{RunFolder, problem, read};
use crate::report::escape::{file_text, visible};

/// How many of those who hold a policy are named.
const HOLDERS: usize = 10;

/// The forms of a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The proposed documents.
    Json,
    /// What changes, for people.
    Diff,
    /// Terraform.
    Terraform,
    /// CloudFormation.
    CloudFormation,
    /// A script of AWS CLI commands.
    Cli,
}

impl Form {
    /// The form by its name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<Form> {
        Some(match name {
            "json" => Form::Json,
            "diff" => Form::Diff,
            "terraform" => Form::Terraform,
            "cloudformation" => Form::CloudFormation,
            "cli" => Form::Cli,
            _ => return None,
        })
    }

    /// The file of an owner's folder that has all of the proposal in this form; `None` for JSON, which has a file for each policy.
    fn file(self) -> Option<&'static str> {
        match self {
            Form::Json => None,
            Form::Diff => Some("diff.md"),
            Form::Terraform => Some("main.tf"),
            Form::CloudFormation => Some("template.yaml"),
            Form::Cli => Some("apply.sh"),
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// ARN of the user, group, role, customer managed policy or permission set.
    pub arn: &'a str,
    /// The folder that a run wrote.
    pub out: &'a Path,
    /// In which form.
    pub form: Form,
    /// Only the policy of this name.
    pub policy: Option<&'a str>,
    /// The run must have made its policies from use alone.
    pub from_usage: bool,
}

/// The answer.
#[derive(Debug, Default)]
pub struct Shown {
    /// The proposal, as its file has it; `None` where nothing is proposed, or not in this form.
    pub text: Option<String>,
    /// What is to be said beside it, or why there is nothing; safe for a terminal.
    pub notes: Vec<String>,
}

impl Shown {
    /// The text with hidden characters shown, for a terminal; what goes into a file or a pipe has to stay as it is.
    #[must_use]
    pub fn on_terminal(&self, form: Form) -> Option<String> {
        self.text.as_ref().map(|text| file_text(text, form == Form::Json))
    }
}

/// What of `evidence.json` is asked here.
#[derive(Deserialize)]
struct Evidence {
    policies: Vec<Told>,
}

/// A policy of the owner.
#[derive(Deserialize)]
struct Told {
    policy: String,
    placement: String,
    status: String,
    why: String,
    proposed: Vec<String>,
}

impl Told {
    fn is_written(&self) -> bool {
        self.status == "written"
    }

    /// What became of it, in a line.
    fn sentence(&self) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        visible(&format!("policy `{}` ({}) {}{why}", self.policy, self.placement, self.status))
    }
}

/// A policy of several, as JSON. No documents: nothing of the policy is left.
#[derive(Serialize)]
struct Listed<'a> {
    policy: &'a str,
    placement: &'a str,
    documents: Vec<Box<RawValue>>,
}

/// The proposed documents of a policy, as their files have them.
fn documents(folder: &Path, told: &Told) -> Result<Vec<(PathBuf, String)>, String> {
    let file = |name: &String| {
        if Path::new(name).file_name().is_none_or(|n| n != name.as_str()) {
            return Err(problem(&folder.join("evidence.json"), format!("`{name}` is no file of the folder")));
        }
        let path = folder.join(name);
        read(&path).map(|text| (path, text))
    };
    told.proposed.iter().map(file).collect()
}

/// One document is printed as its file is; several, or a policy of which nothing is left, as a list by policy.
fn json(folder: &Path, written: &[&Told]) -> Result<String, String> {
    let mut all = written.iter().map(|t| documents(folder, t)).collect::<Result<Vec<_>, _>>()?;
    if let [one] = all.as_mut_slice()
        && one.len() == 1
        && let Some((_, text)) = one.pop()
    {
        return Ok(text);
    }
    // As in the file but for the indentation: line breaks stand between elements only.
    let raw = |(path, text): (PathBuf, String)| RawValue::from_string(text.trim_end().replace('\n', "\n      ")).map_err(|e| problem(&path, e));
    let mut list = Vec::with_capacity(all.len());
    for (told, files) in written.iter().zip(all) {
        let documents = files.into_iter().map(raw).collect::<Result<Vec<_>, _>>()?;
        list.push(Listed { policy: &told.policy, placement: &told.placement, documents });
    }
    serde_json::to_string_pretty(&list).map(|text| text + "\n").map_err(|e| problem(folder, e))
}

fn list(names: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    names.into_iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// Looks up what a run proposed for an owner.
///
/// # Errors
/// A text that says what is wrong with what was asked: no folder of a run, an owner or a policy that is not in it; or which file of
/// the folder is not as a run writes it.
pub fn proposal(asked: &Asked<'_>) -> Result<Shown, String> {
    if asked.policy.is_some() && asked.form != Form::Json {
        return Err("--policy picks one policy's JSON; the other forms are for all policies of the owner together".to_owned());
    }
    let run = RunFolder::open(asked.out)?;
    if asked.from_usage && !run.is_from_usage {
        let what = "this run compared use with grants; `trailtrim analyze --from-usage --out DIR` makes policies from use alone";
        return Err(problem(asked.out, what));
    }
    let owners = run.owners()?;
    let left_alone = run.left_alone(asked.arn)?;
    let elsewhere = run.held_from(asked.arn, &owners)?;
    let mut shown = Shown::default();
    shown.notes.extend(left_alone.iter().map(|l| visible(&format!("policy `{}` left alone: {}", l.policy, l.why))));
    let held = (!elsewhere.is_empty()).then(|| visible(&format!("it holds policies of {}: ask for theirs", list(&elsewhere))));
    let Some(folder) = owners.get(asked.arn) else {
        let holders = run.holders_of(asked.arn, &owners)?;
        if left_alone.is_empty() && elsewhere.is_empty() && holders.is_empty() && !run.is_exported(asked.arn)? {
            return Err(run.unknown(asked.arn, &owners));
        }
        if !holders.is_empty() {
            let more = if holders.len() > HOLDERS { format!(" and {} more", holders.len() - HOLDERS) } else { String::new() };
            shown.notes.push(visible(&format!("it is replaced where it is held: ask for {}{more}", list(holders.iter().take(HOLDERS)))));
        } else if left_alone.is_empty() {
            shown.notes.push(visible(&format!("`{}` has no policies of its own", asked.arn)));
        }
        shown.notes.extend(held);
        return Ok(shown);
    };
    let path = folder.join("evidence.json");
    let evidence: Evidence = serde_json::from_str(&read(&path)?).map_err(|e| problem(&path, e))?;
    let is_asked = |t: &&Told| asked.policy.is_none_or(|name| t.policy == name);
    let told: Vec<&Told> = evidence.policies.iter().filter(is_asked).collect();
    if told.is_empty() {
        let names = list(evidence.policies.iter().map(|t| &t.policy));
        return Err(visible(&format!("`{}` has no policy `{}` in this run; it has {names}", asked.arn, asked.policy.unwrap_or(""))));
    }
    shown.notes.extend(told.iter().map(|t| t.sentence()));
    let written: Vec<&Told> = told.into_iter().filter(|t| t.is_written()).collect();
    let in_folder = |file: &str| visible(&folder.join(file).display().to_string());
    match asked.form.file() {
        _ if written.is_empty() => {}
        None => shown.text = Some(json(folder, &written)?),
        Some(file) if folder.join(file).exists() => shown.text = Some(read(&folder.join(file))?),
        Some(_) if run.is_redacted => shown.notes.push("the run is redacted: nothing that is to be applied is written".to_owned()),
        Some(file) => shown.notes.push(format!("nothing of it can be said in {file}; {} has all steps", in_folder("apply.sh"))),
    }
    if shown.text.is_some() && matches!(asked.form, Form::Terraform | Form::Cli) {
        shown.notes.push(format!("it reads the documents beside it: use it in {}", visible(&folder.display().to_string())));
    }
    if run.is_from_usage && !written.is_empty() {
        shown.notes.push("made from use alone: what is granted today is not known, nothing is attached or detached".to_owned());
    }
    shown.notes.push(format!("evidence: {}", in_folder("evidence.json")));
    if !written.is_empty() && folder.join("rollback.sh").exists() {
        shown.notes.push(format!("the way back: {}", in_folder("rollback.sh")));
    }
    shown.notes.extend(held);
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_in_parts_is_a_list_of_its_documents() {
        let dir = tempfile::tempdir().unwrap();
        let texts = ["{\n  \"Sid\": \"a\\u001b\u{202e}\"\n}\n", "{\n  \"Version\": 1.50\n}\n"];
        for (n, text) in texts.iter().enumerate() {
            std::fs::write(dir.path().join(format!("proposed-p-{n}.json")), text).unwrap();
        }
        let told = |files: &[&str]| Told {
            policy: "p".to_owned(),
            placement: "aws-managed".to_owned(),
            status: "written".to_owned(),
            why: String::new(),
            proposed: files.iter().map(|f| (*f).to_owned()).collect(),
        };
        let (both, first, none) = (told(&["proposed-p-0.json", "proposed-p-1.json"]), told(&["proposed-p-0.json"]), told(&[]));
        assert_eq!(json(dir.path(), &[&first]).unwrap(), texts[0]);
        let head = |documents: &str| format!("[\n  {{\n    \"policy\": \"p\",\n    \"placement\": \"aws-managed\",\n    \"documents\": {documents}\n  }}\n]\n");
        assert_eq!(json(dir.path(), &[&none]).unwrap(), head("[]"));
        // Numbers and escapes are those of the files.
        let documents = "[\n      {\n        \"Sid\": \"a\\u001b\u{202e}\"\n      },\n      {\n        \"Version\": 1.50\n      }\n    ]";
        let list = json(dir.path(), &[&both]).unwrap();
        assert_eq!(list, head(documents));
        let shown = Shown { text: Some(list.clone()), notes: Vec::new() };
        assert_eq!(shown.on_terminal(Form::Json).unwrap(), list.replace('\u{202e}', "\\u202e"));
        for outside in ["../p.json", "/etc/hostname", "..", ""] {
            assert!(json(dir.path(), &[&told(&[outside])]).unwrap_err().contains("no file of the folder"), "{outside}");
        }
        assert!(json(dir.path(), &[&told(&["gone.json"])]).unwrap_err().contains("cannot be read"));
    }
}
