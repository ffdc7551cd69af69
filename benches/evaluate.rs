//! How many decisions a second: the same requests under the same compiled policies, on one thread, and `simulate`
//! end to end. `bench/evaluate/README.md` tells how to run it and how to hold it against a peer.
//!
//! The cases come from `bench/evaluate/generate.py`. The decisions of every pass are counted and must be the same,
//! so that a faster wrong answer shows itself.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trailtrim::evaluate::case::Case;
use trailtrim::evaluate::{CompiledPolicies, Compiler, Decision, PreparedRequest, decide, evaluate, simulate};

const SETS: [&str; 2] = ["full", "identity"];
const USAGE: &str = "cargo bench --bench evaluate -- [--rounds N] [--seconds S] [--simulated N] [--answers FILE] [--summary FILE]";

/// What the command line asks for.
struct Options {
    rounds: usize,
    seconds: f64,
    /// Cases of a `simulate` run; 0 leaves it out.
    simulated: usize,
    answers: Option<PathBuf>,
    summary: Option<PathBuf>,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options { rounds: 7, seconds: 1.0, simulated: 100_000, answers: None, summary: None };
    let mut is_bench = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word}: a value is missing; {USAGE}"));
        match word.as_str() {
            "--bench" => is_bench = true,
            "--rounds" => options.rounds = next()?.parse()?,
            "--seconds" => options.seconds = next()?.parse()?,
            "--simulated" => options.simulated = next()?.parse()?,
            "--answers" => options.answers = Some(next()?.into()),
            "--summary" => options.summary = Some(next()?.into()),
            other => return Err(format!("{other}: unknown; {USAGE}").into()),
        }
    }
    // `cargo test --all-targets` starts benches too, without `--bench`: measuring there would only take time.
    Ok(is_bench.then_some(options))
}

/// The folder of the cases, filled if it is empty.
fn cases_folder() -> Result<PathBuf, Box<dyn Error>> {
    let folder = std::env::var_os("TRAILTRIM_BENCH_CASES").map_or_else(|| PathBuf::from("target/bench/evaluate"), PathBuf::from);
    if SETS.iter().any(|set| !folder.join(format!("{set}.ndjson")).exists()) {
        let made = Command::new("python3").arg("bench/evaluate/generate.py").arg(&folder).status()?;
        if !made.success() {
            return Err("bench/evaluate/generate.py failed".into());
        }
    }
    Ok(folder)
}

/// A set of requests that share their policies.
struct Set {
    name: &'static str,
    lines: Vec<String>,
    ids: Vec<String>,
    cases: Vec<Case>,
}

impl Set {
    fn read(name: &'static str, folder: &Path) -> Result<Set, Box<dyn Error>> {
        let lines: Vec<String> = fs::read_to_string(folder.join(format!("{name}.ndjson")))?.lines().map(str::to_owned).collect();
        let mut set = Set { name, lines, ids: Vec::new(), cases: Vec::new() };
        let mut policies = None;
        for line in &set.lines {
            let value: Value = serde_json::from_str(line)?;
            let own = value.get("policies").cloned();
            if policies.get_or_insert_with(|| own.clone()) != &own {
                return Err(format!("{name}: the cases do not share their policies").into());
            }
            set.ids.push(value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
            set.cases.push(Case::read(value)?);
        }
        Ok(set)
    }

    fn requests(&self) -> impl Iterator<Item = PreparedRequest<'_>> {
        self.cases.iter().flat_map(Case::requests)
    }
}

/// How often each decision was given.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Counts {
    allowed: u64,
    explicit_deny: u64,
    implicit_deny: u64,
    unknown: u64,
}

impl Counts {
    fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Allowed => self.allowed += 1,
            Decision::ExplicitDeny => self.explicit_deny += 1,
            Decision::ImplicitDeny => self.implicit_deny += 1,
            Decision::Unknown => self.unknown += 1,
        }
    }

    fn total(self) -> u64 {
        self.allowed + self.explicit_deny + self.implicit_deny + self.unknown
    }
}

/// Nanoseconds that this thread ran on a processor; `None` where the system does not tell.
fn cpu_nanoseconds() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

/// Decisions a second in each round: by the clock, and by the processor time of the thread.
#[derive(Default)]
struct Rates {
    clock: Vec<f64>,
    processor: Vec<f64>,
}

/// Least, middle and most of some numbers.
fn spread(numbers: &[f64]) -> (f64, f64, f64) {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Measures passes over the requests: one to warm up, then rounds of at least the wanted time.
fn measure(options: &Options, mut pass: impl FnMut() -> Counts) -> Result<(Counts, Rates), Box<dyn Error>> {
    let expected = pass();
    let mut rates = Rates::default();
    for _ in 0..options.rounds {
        let mut done = 0;
        let (start, start_cpu) = (Instant::now(), cpu_nanoseconds());
        while start.elapsed().as_secs_f64() < options.seconds {
            let counts = pass();
            if counts != expected {
                return Err(format!("a pass decided {counts:?}, the first one {expected:?}").into());
            }
            done += counts.total();
        }
        rates.clock.push(per_second(done, start.elapsed()));
        if let (Some(from), Some(to)) = (start_cpu, cpu_nanoseconds()) {
            rates.processor.push(per_second(done, Duration::from_nanos(to - from)));
        }
    }
    Ok((expected, rates))
}

fn print_rates(name: &str, what: &str, unit: &str, rates: &Rates, summary: &mut BTreeMap<String, Value>) {
    let (least, median, most) = spread(&rates.clock);
    print!("{name:9} {what:20} {median:>12.0} {unit}/s  (min {least:.0}, max {most:.0}, {} rounds)", rates.clock.len());
    if rates.processor.is_empty() {
        println!();
    } else {
        println!("; {:.0} per CPU-second", spread(&rates.processor).1);
    }
    let key = format!("{name} {what}");
    summary.insert(key, json!({"median": median, "min": least, "max": most, "rounds": rates.clock, "cpu_median": spread(&rates.processor).1}));
}

fn decisions(set: &Set, options: &Options, summary: &mut BTreeMap<String, Value>) -> Result<Vec<Decision>, Box<dyn Error>> {
    let first = set.cases.first().ok_or("no cases")?;
    let compiled: CompiledPolicies = Compiler::default().policies(&first.policies());
    let prepared: Vec<PreparedRequest<'_>> = set.requests().collect();
    let answers: Vec<Decision> = prepared.iter().map(|r| decide(r, &compiled)).collect();

    let (counts, rates) = measure(options, || {
        let mut counts = Counts::default();
        for request in &prepared {
            counts.add(black_box(decide(black_box(request), black_box(&compiled))));
        }
        counts
    })?;
    println!(
        "{:9} decisions of one pass: {} allowed, {} explicitDeny, {} implicitDeny, {} unknown",
        set.name, counts.allowed, counts.explicit_deny, counts.implicit_deny, counts.unknown
    );
    print_rates(set.name, "decide", "decisions", &rates, summary);
    let (again, rates) = measure(options, || {
        let mut counts = Counts::default();
        for request in set.requests() {
            counts.add(black_box(decide(black_box(&request), black_box(&compiled))));
        }
        counts
    })?;
    print_rates(set.name, "prepare + decide", "decisions", &rates, summary);
    let (reasoned, rates) = measure(options, || {
        let mut counts = Counts::default();
        for request in set.requests() {
            counts.add(black_box(evaluate(black_box(&request), black_box(&compiled))).decision);
        }
        counts
    })?;
    print_rates(set.name, "prepare + evaluate", "decisions", &rates, summary);
    if again != counts || reasoned != counts {
        return Err(format!("{}: the three ways decide differently", set.name).into());
    }
    Ok(answers)
}

/// The lines of a set over and over, each time with other ids, made as they are read: a file of any length that
/// takes neither disk nor memory.
struct Repeated<'a> {
    set: &'a Set,
    wanted: usize,
    given: usize,
    line: Vec<u8>,
    at: usize,
}

impl<'a> Repeated<'a> {
    fn new(set: &'a Set, wanted: usize) -> Repeated<'a> {
        Repeated { set, wanted, given: 0, line: Vec::new(), at: 0 }
    }

    fn next_line(&mut self) {
        self.line.clear();
        self.at = 0;
        if self.given == self.wanted {
            return;
        }
        let place = self.given % self.set.lines.len().max(1);
        if let (Some(line), Some(id)) = (self.set.lines.get(place), self.set.ids.get(place)) {
            let head = format!("{{\"id\":\"{id}");
            self.line.extend_from_slice(format!("{head}-{}", self.given).as_bytes());
            self.line.extend_from_slice(line.strip_prefix(head.as_str()).unwrap_or_default().as_bytes());
            self.line.push(b'\n');
        }
        self.given += 1;
    }
}

impl BufRead for Repeated<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.line.len() {
            self.next_line();
        }
        Ok(self.line.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Repeated<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

fn simulated(set: &Set, options: &Options, summary: &mut BTreeMap<String, Value>) -> Result<(), Box<dyn Error>> {
    let mut rates = Rates::default();
    for _ in 0..3 {
        let start = Instant::now();
        let seen = simulate::run(Repeated::new(set, options.simulated), io::sink(), false)?;
        rates.clock.push(per_second(seen.cases, start.elapsed()));
        if seen.errors != 0 || usize::try_from(seen.cases)? != options.simulated {
            return Err(format!("{}: {} cases of which {} failed", set.name, seen.cases, seen.errors).into());
        }
    }
    print_rates(set.name, "simulate, all cores", "cases", &rates, summary);
    Ok(())
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|l| l.strip_prefix("model name")).map_or("unknown CPU", |l| l.trim_start_matches(['\t', ' ', ':']));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("{cores} cores, {model}, load {}", load.split_whitespace().next().unwrap_or("unknown"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("nothing to test here; {USAGE}");
        return Ok(());
    };
    let folder = cases_folder()?;
    println!("machine: {}", machine());
    let mut summary = BTreeMap::from([("machine".to_owned(), json!(machine()))]);
    let mut answers = String::new();
    for name in SETS {
        let set = Set::read(name, &folder)?;
        let decided = decisions(&set, &options, &mut summary)?;
        for (id, decision) in set.ids.iter().zip(decided) {
            answers.push_str(&format!("{}\n", json!({"id": id, "decision": decision.as_str()})));
        }
        if options.simulated > 0 {
            simulated(&set, &options, &mut summary)?;
        }
    }
    if let Some(file) = &options.answers {
        fs::write(file, answers)?;
    }
    if let Some(file) = &options.summary {
        fs::write(file, serde_json::to_string_pretty(&summary)? + "\n")?;
    }
    Ok(())
}
