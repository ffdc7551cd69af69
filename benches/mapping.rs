//! What the mapping adds to ingest: the same log files taken in with the mapper awake and asleep, on one thread, in turn.
//! Asleep, every event is "unknown" and has one bare action row; the difference is looking up, resolving ARNs, and
//! storing the answer. `bench/mapping/README.md` tells how to run it.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use trailtrim::ingest::source::{Keep, list};
use trailtrim::ingest::{Limits, ingest};
use trailtrim::progress::Progress;
use trailtrim::reference::Reference;
use trailtrim::reference::mapping::Mapper;

const USAGE: &str = "cargo bench --bench mapping -- [--rounds N] [--records N] [--logs DIR]";
/// Records in one of the files that are made.
const PER_FILE: usize = 2_000;

struct Options {
    rounds: usize,
    records: usize,
    logs: Vec<PathBuf>,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options { rounds: 7, records: 60_000, logs: Vec::new() };
    let mut is_bench = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word}: a value is missing; {USAGE}"));
        match word.as_str() {
            "--bench" => is_bench = true,
            "--rounds" => options.rounds = next()?.parse()?,
            "--records" => options.records = next()?.parse()?,
            "--logs" => options.logs.push(next()?.into()),
            other => return Err(format!("{other}: unknown; {USAGE}").into()),
        }
    }
    if options.logs.is_empty() {
        options.logs = vec!["testdata/organisation/logs".into(), "testdata/events".into()];
    }
    // `cargo test --all-targets` starts benches too, without `--bench`: measuring there would only take time.
    Ok(is_bench.then_some(options))
}

/// Every record of the JSON files under some folders.
fn records(folders: &[PathBuf]) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut found = Vec::new();
    for folder in folders {
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let path = entry?.into_path();
            let name = path.to_string_lossy().into_owned();
            let bytes = if name.ends_with(".json.gz") {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(std::fs::File::open(&path)?), &mut bytes)?;
                bytes
            } else if name.ends_with(".json") {
                std::fs::read(&path)?
            } else {
                continue;
            };
            let file: Value = serde_json::from_slice(&bytes)?;
            found.extend(file.get("Records").and_then(Value::as_array).into_iter().flatten().cloned());
        }
    }
    Ok(found)
}

/// Log files of so many records: the given ones over and over, each copy with an id of its own.
fn write_logs(records: &[Value], count: usize, to: &Path) -> Result<u64, Box<dyn Error>> {
    let mut raw = 0;
    for (number, start) in (0..count).step_by(PER_FILE).enumerate() {
        let list: Vec<Value> = (start..count.min(start + PER_FILE))
            .zip(records.iter().cycle().skip(start % records.len()))
            .map(|(at, record)| {
                let mut record = record.clone();
                if let Some(map) = record.as_object_mut() {
                    map.insert("eventID".to_owned(), format!("00000000-0000-4000-8000-{at:012x}").into());
                    map.remove("sharedEventID");
                }
                record
            })
            .collect();
        let json = serde_json::to_vec(&serde_json::json!({ "Records": list }))?;
        raw += u64::try_from(json.len())?;
        let mut out = flate2::write::GzEncoder::new(std::fs::File::create(to.join(format!("{number:05}.json.gz")))?, flate2::Compression::default());
        out.write_all(&json)?;
        out.finish()?;
    }
    Ok(raw)
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let records = records(&options.logs)?;
    let folder = tempfile::tempdir()?;
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs)?;
    let raw = write_logs(&records, options.records, &logs)?;
    println!("{} records, {} MB of JSON, of {} different ones; one thread", options.records, raw / 1_000_000, records.len());

    let start = Instant::now();
    let reference = Reference::bundled().map_err(ToString::to_string)?;
    println!("reading the reference          {:>8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let awake = Mapper::new(reference)?;
    println!("preparing the mapper           {:>8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let asleep = Mapper::new(reference)?.idle();

    let progress = Progress::new(true);
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    let mut kept = Vec::new();
    for round in 0..=options.rounds {
        for (mapper, times) in [&awake, &asleep].into_iter().zip(&mut times) {
            let state = tempfile::tempdir()?;
            let start = Instant::now();
            let summary = ingest(list(std::slice::from_ref(&logs), &Keep::default())?, None, state.path(), mapper, reference, Limits::default(), &progress)?;
            // The first round warms the caches.
            if round > 0 {
                times.push(start.elapsed());
            }
            kept.push(summary.totals.kept);
        }
    }
    if kept.iter().any(|k| usize::try_from(*k) != Ok(options.records)) {
        return Err(format!("not every record was kept: {kept:?}").into());
    }
    let [with, without] = times.each_mut().map(|t| median(t));
    let each = |seconds: f64| seconds * 1e6 / f64::from(u32::try_from(options.records).unwrap_or(u32::MAX));
    println!("ingest with mapping            {with:>8.3} s  {:>7.2} µs a record", each(with));
    println!("ingest without                 {without:>8.3} s  {:>7.2} µs a record", each(without));
    println!("mapping adds                   {:>8.1} %  medians of {} rounds, in turn", (with / without - 1.0) * 100.0, options.rounds);
    Ok(())
}
