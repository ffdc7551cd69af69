//! The answer of `verify-logs`, for people and for programs. Names of files come from whoever wrote the tree: escaped.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Value, json};

use super::escape::{json_line, visible};
use crate::ingest::digest::hash::hex_text;
use crate::ingest::digest::report::{ChainReport, FileKind, FileVerdict, KeyUse, Report, Verdict};
use crate::ingest::digest::KeySource;

/// How many files of a verdict are named in the text; JSON has them all.
const SHOWN: usize = 20;

fn when(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "?".to_owned(), |t| t.to_string())
}

fn keys_line(report: &Report) -> String {
    let digests: usize = report.keys.iter().map(|k| k.digests).sum();
    match report.key_source {
        KeySource::Pinned => format!("keys: pinned by you; {digests} digests verified with {} of them", report.keys.len()),
        KeySource::Export => format!(
            "keys: taken from the export; {digests} digests verified with {} of them. Who could write the export could write its keys: pin them (--pinned-keys)",
            report.keys.len()
        ),
        KeySource::Nowhere => "keys: none were given (--keys, --pinned-keys), so that nothing can be verified".to_owned(),
    }
}

fn key_line(key: &KeyUse) -> String {
    format!("  {}  valid {} to {}  {} digests", key.fingerprint, when(key.from_ms), when(key.to_ms), key.digests)
}

fn chain_lines(out: &mut String, chain: &ChainReport) {
    let end = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let line = format!("  {}: {} digests, {} to {}", chain.id, chain.digests, end(&chain.from), end(&chain.to));
    let _ = writeln!(out, "{}", visible(&line));
    for gap in &chain.gaps {
        let from = gap.from.as_deref().unwrap_or("(nothing older is here)");
        let _ = writeln!(out, "    gap {} to {}: {}", visible(from), visible(&gap.to), gap.kind.as_str());
    }
}

/// The answer in a table of counts, the chains, and the files that are not verified.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", keys_line(report));
    for key in &report.keys {
        let _ = writeln!(out, "{}", visible(&key_line(key)));
    }
    let _ = write!(out, "\n{:<12}", "");
    for verdict in Verdict::ALL {
        let _ = write!(out, "{:>14}", verdict.as_str());
    }
    let counts = report.counts();
    for kind in [FileKind::Digest, FileKind::Log] {
        let _ = write!(out, "\n{:<12}", format!("{}s", kind.as_str()));
        for verdict in Verdict::ALL {
            let _ = write!(out, "{:>14}", counts.get(&(kind, verdict)).copied().unwrap_or_default());
        }
    }
    out.push('\n');
    for (at, chain) in report.chains.iter().enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\nchains");
        }
        chain_lines(&mut out, chain);
    }
    for verdict in Verdict::ALL.into_iter().filter(|v| *v != Verdict::Verified) {
        let files: Vec<&FileVerdict> = report.files.iter().filter(|f| f.verdict == verdict).collect();
        if files.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", verdict.as_str());
        for file in files.iter().take(SHOWN) {
            let _ = writeln!(out, "  {}", visible(&format!("{} {}: {}", file.kind.as_str(), file.name, file.reason)));
        }
        if files.len() > SHOWN {
            let _ = writeln!(out, "  {} more (--json names them)", files.len() - SHOWN);
        }
    }
    for (at, (file, problem)) in report.problems.iter().enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\nproblems");
        }
        let _ = writeln!(out, "  {}", visible(&format!("{file}: {problem}")));
    }
    out
}

fn file_json(file: &FileVerdict) -> Value {
    json!({"kind": file.kind.as_str(), "name": file.name, "verdict": file.verdict.as_str(), "reason": file.reason,
           "sha256": file.sha256.map(|hash| hex_text(&hash))})
}

fn chain_json(chain: &ChainReport) -> Value {
    let gaps: Vec<Value> = chain.gaps.iter().map(|g| json!({"from": g.from, "to": g.to, "why": g.kind.as_str()})).collect();
    let id = &chain.id;
    json!({"account": id.account, "region": id.region, "trail": id.trail, "home_region": id.home_region, "backfill": id.backfill,
           "digests": chain.digests, "from": chain.from, "to": chain.to, "gaps": gaps})
}

/// Writes the answer as one JSON object, a line for each file: there may be many.
///
/// # Errors
/// The writer's.
pub fn write_json(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    let counts = report.counts();
    let of = |kind: FileKind| -> serde_json::Map<String, Value> {
        Verdict::ALL.into_iter().map(|v| (v.as_str().to_owned(), counts.get(&(kind, v)).copied().unwrap_or_default().into())).collect()
    };
    let keys: Vec<Value> = report
        .keys
        .iter()
        .map(|k| json!({"fingerprint": k.fingerprint, "valid_from": when(k.from_ms), "valid_to": when(k.to_ms), "digests": k.digests}))
        .collect();
    let problems: Vec<Value> = report.problems.iter().map(|(file, problem)| json!({"file": file, "problem": problem})).collect();
    let line = |value: &Value| json_line(&value.to_string());
    write!(out, "{{\"keys\":{},", line(&json!({"source": report.key_source.as_str(), "used": keys})))?;
    write!(out, "\"counts\":{},", line(&json!({"digests": of(FileKind::Digest), "log_files": of(FileKind::Log)})))?;
    write!(out, "\"chains\":{},", line(&report.chains.iter().map(chain_json).collect()))?;
    write!(out, "\"problems\":{},\"files\":[", line(&problems.into()))?;
    for (at, file) in report.files.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "\n" } else { ",\n" }, line(&file_json(file)))?;
    }
    writeln!(out, "]}}")
}
