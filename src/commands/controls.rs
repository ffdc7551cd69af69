//! `rules list`, `rules show` and `compare`.

use std::path::Path;

use super::{Failure, said};
use crate::cli::{CompareArgs, RulesListArgs, RulesShowArgs};
use crate::report::catalogue::Report;
use crate::report::{compare, reports, rules_text};
use std::io::Write as _;

fn all() -> Result<Vec<Report>, Failure> {
    reports().map_err(|e| Failure { message: e.to_string(), code: 1 })
}

/// Lists the controls.
pub fn list(args: &RulesListArgs) -> Result<u8, Failure> {
    let all = all()?;
    let wanted: Vec<&Report> = all.iter().filter(|r| rules_text::is_of(r, args.framework.as_deref())).collect();
    if wanted.is_empty() {
        return Err(Failure { message: "no control speaks of this framework".to_owned(), code: 2 });
    }
    if args.json {
        for report in wanted {
            say!("{}", rules_text::json(report));
        }
    } else {
        said(write!(std::io::stdout(), "{}", rules_text::list(&wanted)));
    }
    Ok(0)
}

/// Shows one control.
pub fn show(args: &RulesShowArgs) -> Result<u8, Failure> {
    let all = all()?;
    let Some(report) = all.iter().find(|r| r.id == args.id) else {
        return Err(Failure { message: format!("no control `{}`: see `trailtrim rules list`", args.id), code: 2 });
    };
    if args.json {
        say!("{}", rules_text::json(report));
    } else {
        said(write!(std::io::stdout(), "{}", rules_text::show(report, args.sql)));
    }
    Ok(0)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure { message: format!("cannot read `{}`: {e}", path.display()), code: 2 })
}

/// Compares the findings of a run with those of other tools.
pub fn compare(args: &CompareArgs) -> Result<u8, Failure> {
    let wrong = |path: &Path, why: String| Failure { message: format!("`{}`: {why}", path.display()), code: 2 };
    let file = args.out.join("findings.json");
    let run = read(&args.out.join("run.json"))?;
    if compare::is_redacted(&run) {
        return Err(wrong(&args.out, "this run is redacted: other tools know nobody by its tokens".to_owned()));
    }
    let ours = compare::ours(&read(&file)?).map_err(|why| wrong(&file, why))?;
    let (mut theirs, mut not_compared) = (Vec::new(), 0);
    for path in &args.theirs {
        let (told, silent) = compare::read(&read(path)?).map_err(|why| wrong(path, why))?;
        theirs.extend(told);
        not_compared += silent;
    }
    let rows = compare::compare(&all()?, &ours, &theirs);
    if args.json {
        say!("{}", compare::to_json(&rows, not_compared));
    } else {
        said(write!(std::io::stdout(), "{}", compare::to_text(&rows, not_compared)));
    }
    Ok(0)
}
