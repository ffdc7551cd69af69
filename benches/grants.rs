//! How long an organisation's exports take to become grants and tables, and how much memory: `grants::load`, then every
//! table that comes from grants. One round a process, so that the peak is of this round; `bench/grants/run.sh` makes the
//! organisation and runs rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use trailtrim::grants::frames::{self, AccountRow, ActionSets, Documents, Expanded};
use trailtrim::grants::{self, Grants};
use trailtrim::reduce::Expander;
use trailtrim::reference::Reference;
use trailtrim::report::sql::{Cell, SqlTables};

const USAGE: &str = "cargo bench --bench grants -- BUNDLE [--threads N]";

struct Options {
    bundle: PathBuf,
    threads: usize,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let (mut bundle, mut threads, mut is_bench) = (None, 0, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => is_bench = true,
            "--threads" => threads = words.next().ok_or(USAGE)?.parse()?,
            other if other.starts_with('-') => return Err(format!("{other}: unknown; {USAGE}").into()),
            path => bundle = Some(path.into()),
        }
    }
    // `cargo test --all-targets` starts benches too, without `--bench`: measuring there would only take time.
    if !is_bench {
        return Ok(None);
    }
    Ok(Some(Options { bundle: bundle.ok_or(USAGE)?, threads }))
}

/// Peak memory so far in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// A question that meets every granted action of every holder.
const QUESTION: &str = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM attachments AS h \
    JOIN granted_actions AS g ON h.document_id = g.document_id WHERE g.action = 'iam:PassRole' AND g.effect = 'Allow'";

/// Every table by name, as rows and bytes in memory; how long making them took and the question; its answer.
#[allow(clippy::type_complexity, reason = "a bench's own")]
fn tables(grants: &Grants, reference: &Reference) -> Result<(BTreeMap<&'static str, [usize; 2]>, [f64; 2], Value), Box<dyn Error>> {
    let start = Instant::now();
    let row = |a: &grants::Account| AccountRow {
        account: a.id.clone(),
        name: None,
        owned: true,
        has_authorization_details: a.has_authorization_details,
        has_credential_report: a.credential_report.is_some(),
    };
    let accounts: Vec<AccountRow> = grants.accounts.values().map(row).collect();
    let own: BTreeSet<&str> = accounts.iter().map(|a| a.account.as_str()).collect();
    let documents = Documents::new(grants);
    let sets = ActionSets::new(&documents, &|element| {
        let (ids, unknown) = Expander::new(reference).expand(element);
        Expanded { known: ids.iter().map(|id| reference.name(id)).collect(), unknown }
    });
    let statements = frames::statements(&documents, &sets)?;
    let granted: i64 = statements.column("action_count")?.i64()?.iter().flatten().sum();
    let made = [
        ("accounts", frames::accounts(grants, &accounts)?),
        ("principals", frames::principals(grants)?),
        ("credentials", frames::credentials(grants)?),
        ("trusts", frames::trusts(grants)?),
        ("documents", frames::documents(&documents)?),
        ("attachments", frames::attachments(grants, &documents)?),
        ("resource_grants", frames::resource_grants(grants, &documents, &own)?),
        ("action_sets", frames::action_sets(&sets)?),
        ("statements", statements),
    ];
    let mut sizes: BTreeMap<_, _> = made.iter().map(|(name, frame)| (*name, [frame.height(), frame.estimated_size()])).collect();
    // A view: its rows are never all there.
    sizes.insert("granted_actions", [usize::try_from(granted)?, 0]);
    let made_in = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let mut sql = SqlTables::new();
    let find = |name: &str| made.iter().find(|(n, _)| *n == name).map(|(_, frame)| frame.clone()).ok_or("no such table");
    sql.register_lazy("granted_actions", frames::granted_actions(&find("statements")?, &find("action_sets")?));
    sql.register("attachments", find("attachments")?);
    let answer = sql.run("question", QUESTION)?.rows.first().and_then(|r| r.first()).map_or(Value::Null, Cell::json);
    Ok((sizes, [made_in, start.elapsed().as_secs_f64()], answer))
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global()?;
    let reference = Reference::bundled().map_err(ToString::to_string)?;
    let before = peak_mib();
    let start = Instant::now();
    let grants = grants::load(&[options.bundle])?;
    let load = start.elapsed().as_secs_f64();
    let after_load = peak_mib();
    let (tables, [frames, question], answer) = tables(&grants, reference)?;
    let rounded = |seconds: f64| (seconds * 1e3).round() / 1e3;
    let bytes: u64 = grants.inputs.iter().map(|i| i.bytes).sum();
    let told: Value = json!({
        "load_seconds": rounded(load),
        "frames_seconds": rounded(frames),
        "question_seconds": rounded(question),
        "may_pass_roles": answer,
        "reference_mib": before,
        "load_peak_mib": after_load,
        "peak_mib": peak_mib(),
        "bytes": bytes,
        "inputs": grants.inputs.len(),
        "ignored": grants.ignored.len(),
        "problems": grants.problems.len(),
        "conflicts": grants.conflicts.len(),
        "principals": grants.principals().count(),
        "policies": grants.policies.len(),
        "tables": tables,
    });
    println!("{told}");
    Ok(())
}
