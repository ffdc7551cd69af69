//! `trailtrim verify-logs` and `--require-digests`: a bucket whose digests are signed here, and everything that can be done to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trailtrim::ingest::digest::report::GapKind;
use trailtrim::ingest::digest::{FileKind, KeyFiles, Period, Report, Verdict, VerifyOptions, verify};
use trailtrim::ingest::source::{Keep, list};

use super::common::{corpora, root, trailtrim, tree};
use super::digest_fixture::{ACCOUNT, Bucket, REGION, digest, gz, log, other_pair, pair};

fn report_of(logs: &Path, keys: KeyFiles, period: Period) -> Report {
    report_of_all(&[logs.to_owned()], keys, period)
}

fn report_of_all(logs: &[PathBuf], keys: KeyFiles, period: Period) -> Report {
    verify(&list(logs, &Keep::default()).unwrap(), &VerifyOptions { keys, period }).unwrap()
}

fn with_keys(bucket: &Bucket) -> KeyFiles {
    KeyFiles { export: vec![bucket.keys("keys.json")], pinned: None }
}

fn report(bucket: &Bucket) -> Report {
    report_of(&bucket.root(), with_keys(bucket), Period::default())
}

/// Verdict and reason of the file with a key.
fn of(report: &Report, key: &str) -> (Verdict, String) {
    let found: Vec<_> = report.files.iter().filter(|f| f.name == key).collect();
    assert_eq!(found.len(), 1, "{key} in {report:#?}");
    (found[0].verdict, found[0].reason.to_string())
}

/// Verdicts with their counts, digests and log files together.
fn verdicts(report: &Report) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for ((_, verdict), n) in report.counts() {
        *counts.entry(verdict.as_str()).or_default() += n;
    }
    counts
}

fn is_tampered(report: &Report, key: &str, wanted: &str) {
    let (verdict, reason) = of(report, key);
    assert!(verdict == Verdict::Tampered && reason.contains(wanted), "{key}: {verdict:?}, {reason}");
    assert_eq!(report.exit_code(), 3);
}

#[test]
fn an_untouched_bucket_is_verified() {
    let bucket = Bucket::new();
    let report = report(&bucket);
    assert_eq!((verdicts(&report), report.exit_code()), ([("verified", 12)].into(), 0), "{report:#?}");
    assert_eq!(report.chains.len(), 2);
    assert!(report.chains.iter().all(|c| c.gaps.is_empty()) && report.chains[1].id.backfill && report.chains[0].id.trail == "the_trail");
    assert_eq!((report.chains[0].from.as_deref(), report.chains[0].to.as_deref()), (Some("2026-10-01T00:00:30Z"), Some("2026-10-01T04:00:30Z")));
    assert_eq!((report.keys.len(), report.keys[0].digests), (1, 6));
}

#[test]
fn without_metadata_the_newest_digest_is_unverifiable() {
    let bucket = Bucket::new().without_metadata();
    let report = report(&bucket);
    for (at, wanted) in [Verdict::Verified, Verdict::Verified, Verdict::Verified, Verdict::Unverifiable, Verdict::Unverifiable, Verdict::Unverifiable].iter().enumerate() {
        assert_eq!(of(&report, &bucket.digests[at].key).0, *wanted, "digest {at}");
    }
    assert!(of(&report, &bucket.digests[3].key).1.contains("no digest after it"));
    // Which keys were valid for a backfill digest, only its metadata say.
    assert!(of(&report, &bucket.digests[4].key).1.contains("metadata"));
    assert_eq!(of(&report, &bucket.logs[3].key), (Verdict::Unverifiable, "its digest is not verified".to_owned()));
    assert_eq!(of(&report, &bucket.logs[2].key).0, Verdict::Verified);
    assert_eq!(report.exit_code(), 4);
}

/// Flips a bit of every `step`th byte, the files one after the other; gives how many flips there were, by verdict.
fn flips(make: fn() -> Bucket, step: usize, part: usize, parts: usize) -> BTreeMap<&'static str, usize> {
    let bucket = make();
    let has_metadata = bucket.metadata(&bucket.digests[0]).exists();
    let newest = bucket.digests.len() - 1;
    let mut counts = BTreeMap::new();
    let mut caught = |key: &str, what: String, may_be_unverifiable: bool| {
        let report = report(&bucket);
        let (verdict, reason) = of(&report, key);
        let good = match verdict {
            Verdict::Tampered | Verdict::Moved => report.exit_code() == 3,
            Verdict::Unverifiable => may_be_unverifiable && report.exit_code() != 0,
            _ => false,
        };
        assert!(good, "{what}: {verdict:?}, {reason}");
        *counts.entry(verdict.as_str()).or_default() += 1;
    };
    let digests = bucket.digests.iter().enumerate().map(|(at, d)| (&d.key, &d.content, at == newest));
    for (key, content, is_newest) in bucket.logs.iter().map(|l| (&l.key, &l.content, false)).chain(digests) {
        // Nobody vouches for the newest digest but its own signature: with another fingerprint or time there is no key to try, and
        // without metadata no signature.
        for at in (0..content.len()).filter(|at| at % step == 0 && at / step % parts == part) {
            let mut changed = content.clone();
            changed[at] ^= 1 << (at % 7);
            bucket.put(key, &gz(&changed));
            let of_unproven = !has_metadata && Some(key) == bucket.logs.last().map(|l| &l.key);
            caught(key, format!("byte {at} of {key}"), is_newest || of_unproven);
        }
        bucket.put(key, &gz(content));
    }
    for digest in bucket.digests.iter().filter(|_| has_metadata) {
        for at in (0..digest.signature.len()).filter(|at| at % step == 0 && at / step % parts == part) {
            let mut changed = digest.signature.clone().into_bytes();
            changed[at] ^= 1 << (at % 7);
            bucket.put_metadata(digest, &String::from_utf8(changed).unwrap());
            caught(&digest.key, format!("byte {at} of the signature of {}", digest.key), false);
        }
        bucket.put_metadata(digest, &digest.signature);
    }
    assert_eq!(report(&bucket).exit_code(), if has_metadata { 0 } else { 4 }, "everything is as it was");
    counts
}

/// The same over two threads.
fn all_flips(make: fn() -> Bucket, step: usize) -> BTreeMap<&'static str, usize> {
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..2).map(|part| scope.spawn(move || flips(make, step, part, 2))).collect();
        let mut all = BTreeMap::new();
        for (verdict, n) in parts.into_iter().flat_map(|p| p.join().unwrap()) {
            *all.entry(verdict).or_default() += n;
        }
        all
    })
}

/// Every byte of every digest and log file, and every digit of every signature.
#[test]
fn one_flipped_byte_anywhere_is_caught() {
    let counts = all_flips(Bucket::small, 1);
    println!("{counts:?}");
    assert!(counts["tampered"] > 4000 && counts["unverifiable"] < 60, "{counts:?}");
}

/// Every fifth byte, where only the digests after them have the signatures.
#[test]
fn a_flipped_byte_is_caught_without_metadata() {
    let counts = all_flips(|| Bucket::small().without_metadata(), 5);
    println!("{counts:?}");
    assert!(counts["tampered"] > 500, "{counts:?}");
}

#[test]
fn bytes_behind_the_first_gzip_member_are_named() {
    let bucket = Bucket::new();
    let more = |key: &str, content: &[u8]| {
        let mut bytes = gz(content);
        bytes.extend(gz(br#"{"Records":[]}"#));
        bucket.put(key, &bytes);
    };
    more(&bucket.logs[0].key, &bucket.logs[0].content);
    more(&bucket.digests[1].key, &bucket.digests[1].content);
    let report = report(&bucket);
    is_tampered(&report, &bucket.logs[0].key, "bytes behind the gzip stream");
    is_tampered(&report, &bucket.digests[1].key, "bytes behind the gzip stream");
    assert_eq!(verdicts(&report), [("tampered", 2), ("verified", 10)].into());
    // What it followed is not known, so that a digest before it could be gone.
    let gap = &report.chains[0].gaps[0];
    assert_eq!((gap.kind, gap.from.as_deref(), gap.to.as_str()), (GapKind::BrokenLink, Some("2026-10-01T01:00:30Z"), "2026-10-01T02:00:30Z"));
    bucket.put(&bucket.logs[1].key, &gz(&bucket.logs[1].content)[..40]);
    is_tampered(&self::report(&bucket), &bucket.logs[1].key, "truncated gzip");
}

#[test]
fn what_was_removed_is_missing() {
    let bucket = Bucket::new();
    bucket.remove(&bucket.logs[2].key);
    let changed = report(&bucket);
    assert_eq!(of(&changed, &bucket.logs[2].key), (Verdict::Missing, "a digest names it".to_owned()));
    assert_eq!(changed.exit_code(), 4);

    let bucket = Bucket::new();
    bucket.remove(&bucket.digests[1].key);
    let changed = report(&bucket);
    assert_eq!(of(&changed, &bucket.digests[1].key).0, Verdict::Missing);
    let gap = &changed.chains[0].gaps[0];
    assert_eq!((gap.kind, gap.from.as_deref(), gap.to.as_str()), (GapKind::MissingDigest, Some("2026-10-01T01:00:30Z"), "2026-10-01T02:00:30Z"));
    assert_eq!((verdicts(&changed)["verified"], changed.exit_code()), (11, 4));

    // Without its follower, and without metadata, nothing has the signature of the first.
    let bucket = Bucket::new().without_metadata();
    bucket.remove(&bucket.digests[1].key);
    assert_eq!(of(&report(&bucket), &bucket.digests[0].key).0, Verdict::Unverifiable);

    // The oldest: it cannot be told from a copy that begins later, unless that is said.
    let bucket = Bucket::new();
    bucket.remove(&bucket.digests[0].key);
    let changed = report(&bucket);
    assert_eq!((of(&changed, &bucket.digests[0].key).0, &changed.chains[0].gaps[0].from), (Verdict::Missing, &None));
    assert_eq!(of(&changed, &bucket.logs[0].key), (Verdict::NotCovered, "no digest names it".to_owned()));
    let since = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond());
    let later = report_of(&bucket.root(), with_keys(&bucket), Period { since_ms: since("2026-10-01T01:00:30Z"), until_ms: None });
    assert_eq!(later.files.iter().filter(|f| f.verdict == Verdict::Missing).count(), 0, "{later:#?}");
}

#[test]
fn a_period_takes_the_signature_from_the_digest_behind_it() {
    let bucket = Bucket::new().without_metadata();
    let ms = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond());
    let period = Period { since_ms: ms("2026-10-01T01:30:00Z"), until_ms: ms("2026-10-01T02:30:00Z") };
    let report = report_of(&bucket.root(), with_keys(&bucket), period);
    let digests: Vec<_> = report.files.iter().filter(|f| f.kind == FileKind::Digest && !f.name.contains("backfill")).collect();
    assert_eq!(digests.len(), 2, "{report:#?}");
    assert!(digests.iter().all(|f| f.verdict == Verdict::Verified));
    assert_eq!(of(&report, &bucket.logs[2].key).0, Verdict::Verified);
    assert!(report.files.iter().all(|f| f.name != bucket.logs[0].key && f.name != bucket.logs[3].key));
}

#[test]
fn a_chain_that_starts_again_has_a_gap() {
    let logs = vec![log(0, 10, "before"), log(1, 30, "between"), log(3, 5, "after")];
    let first = digest(1, &[&logs[0]], None, false, pair());
    let again = digest(4, &[&logs[2]], None, false, pair());
    let report = report(&Bucket::of(logs.clone(), vec![first, again]));
    let gap = &report.chains[0].gaps[0];
    assert_eq!((gap.kind, gap.from.as_deref(), gap.to.as_str()), (GapKind::StartsAgain, Some("2026-10-01T01:00:30Z"), "2026-10-01T03:00:30Z"));
    assert_eq!(of(&report, &logs[1].key), (Verdict::NotCovered, "no digest names it".to_owned()));
    assert_eq!(verdicts(&report), [("not covered", 1), ("verified", 4)].into());
}

#[test]
fn what_no_digest_names_is_not_covered() {
    let bucket = Bucket::new();
    let (new, inside, elsewhere) = (log(5, 0, "new"), log(1, 0, "inside"), "AWSLogs/1/CloudTrail/us-east-1/2026/10/01/1_CloudTrail_us-east-1_20261001T0000Z_a.json");
    for (key, content) in [(&new.key, &new.content), (&inside.key, &inside.content)] {
        bucket.put(key, &gz(content));
    }
    bucket.put(elsewhere, b"{}");
    let report = report(&bucket);
    for (key, why) in [(new.key.as_str(), "delivered after the newest digest"), (&inside.key, "no digest names it"), (elsewhere, "no digest of its account and region")] {
        let (verdict, reason) = of(&report, key);
        assert!(verdict == Verdict::NotCovered && reason.contains(why), "{key}: {reason}");
    }
    assert_eq!(report.exit_code(), 4);
}

#[test]
fn swapped_and_moved_files_are_moved() {
    let bucket = Bucket::new();
    let (a, b) = (&bucket.digests[0], &bucket.digests[2]);
    bucket.put(&a.key, &gz(&b.content));
    bucket.put(&b.key, &gz(&a.content));
    let moved = bucket.logs[3].key.replace("/01/", "/02/");
    bucket.put(&moved, &gz(&bucket.logs[3].content));
    bucket.remove(&bucket.logs[3].key);
    let report = report(&bucket);
    for key in [&a.key, &b.key, &moved] {
        assert_eq!(of(&report, key).0, Verdict::Moved, "{key}");
    }
    assert!(of(&report, &moved).1.contains(&bucket.logs[3].key));
    assert_eq!(report.exit_code(), 3);
    // What the swapped digests listed, nothing vouches for any more.
    assert_eq!(of(&report, &bucket.logs[2].key).0, Verdict::NotCovered);
}

#[test]
fn a_digest_that_was_made_anew_is_caught() {
    // Somebody drops a log file from a digest; without AWS's key the signature can only be the old one, or another key's.
    for (signer, wanted) in [(None, "the signature in its metadata does not fit"), (Some(other_pair()), "the digest after it gives another hash of it")] {
        let bucket = Bucket::new();
        let forged = digest(3, &[], Some(&bucket.digests[1]), false, signer.unwrap_or(pair()));
        bucket.put(&forged.key, &gz(&forged.content));
        bucket.put_metadata(&forged, signer.map_or(&bucket.digests[2].signature, |_| &forged.signature));
        let report = report(&bucket);
        is_tampered(&report, &forged.key, wanted);
        // The log file is still there, and nobody vouches for it.
        assert_eq!(of(&report, &bucket.logs[2].key).0, Verdict::NotCovered);
        assert_eq!(of(&report, &bucket.digests[1].key).0, Verdict::Verified, "its own metadata prove it");
    }
}

#[test]
fn keys_decide() {
    let bucket = Bucket::new();
    let with = |entries: &[Value]| report_of(&bucket.root(), KeyFiles { export: vec![bucket.put_keys("some.json", entries)], pinned: None }, Period::default());
    let newest = &bucket.digests[3].key;

    let mut wrong = pair().entry();
    wrong["Value"] = other_pair().value.clone().into();
    let report = with(&[wrong.clone()]);
    is_tampered(&report, newest, "does not fit");
    assert_eq!(verdicts(&report).get("verified"), None);

    let report = with(&[other_pair().entry()]);
    assert!(of(&report, newest).1.contains("no public key with the fingerprint") && report.exit_code() == 4);
    assert_eq!(verdicts(&report), [("unverifiable", 12)].into());

    let report = report_of(&bucket.root(), KeyFiles::default(), Period::default());
    assert!(of(&report, newest).1.contains("no public keys were given") && report.exit_code() == 4);

    for (field, time) in [("ValidityStartTime", "2026-10-20T00:00:00Z"), ("ValidityEndTime", "2026-09-30T00:00:00Z")] {
        let mut late = pair().entry();
        late[field] = time.into();
        let report = with(&[late]);
        assert!(of(&report, newest).1.contains("was not valid when the digest was made"), "{report:#?}");
        assert_eq!(verdicts(&report), [("unverifiable", 12)].into());
    }

    // Made a day later than the hour it is about: the key of that day counts.
    let mut next_day = pair().entry();
    next_day["ValidityStartTime"] = "2026-10-02T00:00:00Z".into();
    let report = with(&[next_day]);
    assert_eq!((of(&report, newest).0, of(&report, &bucket.digests[4].key).0), (Verdict::Unverifiable, Verdict::Verified));

    let report = with(&[pair().entry(), pair().entry(), wrong]);
    assert!(report.problems[0].1.contains("two keys have the fingerprint") && report.exit_code() == 4);
    let report = with(&[pair().entry(), serde_json::json!({"Fingerprint": "f", "Value": "AAAA"})]);
    assert!(report.problems[0].1.starts_with("PublicKeyList[1]: Value is no RSA key"), "{:?}", report.problems);
}

#[test]
fn pinned_keys_alone_count() {
    let bucket = Bucket::new();
    let mut wrong = pair().entry();
    wrong["Value"] = other_pair().value.clone().into();
    let export = bucket.put_keys("export.json", &[wrong]);
    // Several outputs one behind the other, packed.
    let empty = br#"{"PublicKeyList":[]} "#.to_vec();
    let pinned = bucket.keys("pinned.json.gz");
    std::fs::write(&pinned, gz(&[empty, std::fs::read(bucket.keys("keys.json")).unwrap()].concat())).unwrap();
    let report = report_of(&bucket.root(), KeyFiles { export: vec![export.clone()], pinned: Some(pinned) }, Period::default());
    assert_eq!((verdicts(&report), report.key_source.as_str()), ([("verified", 12)].into(), "pinned"));
    assert!(report.problems[0].1.contains("another key than the pinned one") && report.exit_code() == 4);

    let pinned = bucket.put_keys("others.json", &[other_pair().entry()]);
    let report = report_of(&bucket.root(), KeyFiles { export: vec![bucket.keys("keys.json")], pinned: Some(pinned) }, Period::default());
    assert!(of(&report, &bucket.digests[0].key).1.contains("comes with the export and is not pinned"));
    assert_eq!(verdicts(&report), [("unverifiable", 12)].into());
}

#[test]
fn a_tree_may_begin_anywhere_and_be_unpacked() {
    let bucket = Bucket::new();
    for log in &bucket.logs {
        bucket.remove(&log.key);
        bucket.put(log.key.strip_suffix(".gz").unwrap(), &log.content);
    }
    let below = bucket.root().join("AWSLogs").join(ACCOUNT);
    for root in [bucket.dir.path().to_owned(), below.clone()] {
        let report = report_of(&root, with_keys(&bucket), Period::default());
        assert_eq!(verdicts(&report).get("verified"), Some(&12), "{report:#?}");
    }
    // Two folders, neither of which says that it holds digests.
    let [logs, digests] = ["CloudTrail", "CloudTrail-Digest"].map(|kind| below.join(kind).join(REGION));
    let report = report_of_all(&[logs, digests], with_keys(&bucket), Period::default());
    assert_eq!((verdicts(&report), report.exit_code()), ([("verified", 12)].into(), 0));
}

#[test]
fn two_copies_are_judged_each_by_itself() {
    let (bucket, copy) = (Bucket::new(), Bucket::new());
    copy.put(&copy.logs[0].key, &gz(&copy.logs[1].content));
    bucket.remove(&bucket.digests[1].key);
    copy.remove(&copy.digests[1].key);
    let report = report_of_all(&[bucket.root(), copy.root()], with_keys(&bucket), Period::default());
    assert_eq!(verdicts(&report), [("missing", 1), ("tampered", 1), ("verified", 21)].into(), "{report:#?}");
    assert!(report.chains[0].gaps.len() == 1 && report.chains[1].gaps.is_empty(), "{:#?}", report.chains);
    assert!(report.files.iter().any(|f| f.verdict == Verdict::Tampered && f.name.starts_with(copy.root().to_str().unwrap())));
    let names: std::collections::BTreeSet<_> = report.files.iter().map(|f| (f.kind, &f.name)).collect();
    assert_eq!(names.len(), 23);
}

#[test]
fn metadata_that_cannot_be_read_are_named() {
    let bucket = Bucket::small();
    std::fs::write(bucket.metadata(&bucket.digests[0]), "{").unwrap();
    std::fs::write(bucket.metadata(&bucket.digests[1]), r#"{"Metadata":{"signature":"00","signature-algorithm":"none"}}"#).unwrap();
    std::fs::write(bucket.path(&bucket.digests[0].key).with_file_name("stray.json"), "{}").unwrap();
    let report = report(&bucket);
    // The digests after them have the same signatures.
    assert_eq!((verdicts(&report), report.exit_code()), ([("verified", 5)].into(), 4));
    let problems: Vec<&str> = report.problems.iter().map(|(_, p)| p.as_str()).collect();
    assert!(problems[0].starts_with("metadata cannot be read") && problems[1].contains("`none`") && problems[2].contains("without a digest's name"), "{problems:?}");
}

fn run(bucket: &Bucket, more: &[&str]) -> (i32, String, String) {
    let mut args: Vec<std::ffi::OsString> = vec!["verify-logs".into(), "--logs".into(), bucket.root().into(), "--keys".into(), bucket.keys("keys.json").into()];
    args.extend(more.iter().map(Into::into));
    let output = trailtrim(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_says_it_in_text_and_json() {
    let bucket = Bucket::new();
    let (code, out, err) = run(&bucket, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("keys: taken from the export; 6 digests verified with 1 of them") && out.contains("111122223333 eu-west-1 the_trail (us-east-1), backfill: 2 digests"), "{out}");
    let (code, out, _) = run(&bucket, &["--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["counts"]["log_files"]["verified"], &answer["keys"]["source"]), (0, &6.into(), &"export".into()));
    assert_eq!(answer["files"].as_array().unwrap().len(), 12);
    assert!(answer["files"][0]["sha256"].as_str().unwrap().len() == 64);
    let pinned = bucket.keys("keys.json");
    assert!(run(&bucket, &["--pinned-keys", pinned.to_str().unwrap()]).1.starts_with("keys: pinned by you; 6 digests"));

    bucket.remove(&bucket.digests[1].key);
    let (code, out, _) = run(&bucket, &[]);
    assert_eq!(code, 4);
    assert!(out.contains("gap 2026-10-01T01:00:30Z to 2026-10-01T02:00:30Z: a digest is missing"), "{out}");
    bucket.put(&bucket.logs[0].key, b"x");
    let (code, out, _) = run(&bucket, &["--json", "--since", "2026-09-01T00:00:00Z", "--until", "2026-11-01T00:00:00Z"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["counts"]["log_files"]["tampered"], &answer["chains"][0]["gaps"][0]["from"]), (3, &1.into(), &"2026-10-01T01:00:30Z".into()));

    let (code, _, err) = run(&bucket, &["--pinned-keys", "nowhere.json"]);
    assert!(code == 2 && err.contains("nowhere.json"), "{err}");
    let (code, _, err) = run(&bucket, &["--keys", bucket.path(&bucket.logs[1].key).to_str().unwrap()]);
    assert!(code == 2 && err.contains("PublicKeyList"), "{err}");
}

#[cfg(unix)]
#[test]
fn names_of_files_do_nothing_to_a_terminal() {
    let bucket = Bucket::small();
    bucket.put("AWSLogs/\u{1b}[2J\u{202e}.json", b"{}");
    for more in [&[][..], &["--json"]] {
        let (_, out, _) = run(&bucket, more);
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out}");
        assert!(out.to_ascii_lowercase().contains("202e"), "{out}");
    }
}

struct Night {
    code: i32,
    out: String,
    err: String,
}

fn ingest(bucket: &Bucket, state: &Path) -> Night {
    let mut args: Vec<std::ffi::OsString> = vec!["ingest".into(), "--quiet".into(), "--require-digests".into(), "--logs".into(), bucket.root().into()];
    args.extend(["--keys".into(), bucket.keys("keys.json").into(), "--state".into(), state.into()]);
    let output = trailtrim(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Night { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// What ledger and store hold, without the lock.
fn state_of(state: &Path) -> BTreeMap<String, Vec<u8>> {
    tree(state).into_iter().filter(|(name, _)| name != "lock").collect()
}

fn digests_of(state: &Path) -> Vec<(PathBuf, String)> {
    let ledger = trailtrim::ingest::Ledger::open(state).unwrap();
    ledger.files().into_iter().map(|f| (PathBuf::from(&f.path), f.digest.clone().unwrap_or_default())).collect()
}

#[test]
fn only_verified_files_are_taken_in_and_others_once_their_digest_is_there() {
    let bucket = Bucket::new();
    let new = log(4, 30, "new");
    bucket.put(&new.key, &gz(&new.content));
    let mut changed = bucket.logs[0].content.clone();
    let place = changed.windows(3).position(|w| w == b"ann").unwrap();
    changed[place] = b'b';
    bucket.put(&bucket.logs[0].key, &gz(&changed));
    let state = bucket.dir.path().join("state");

    let night = ingest(&bucket, &state);
    assert_eq!(night.code, 4);
    assert!(night.out.contains("read 7 records of 7 files = kept 5 + duplicate 0 + rejected 2"), "{}", night.out);
    assert!(night.err.contains("not verified by a digest: tampered, it has another hash") && night.err.contains("not verified by a digest: not covered"), "{}", night.err);
    let first = state_of(&state);
    let refused = |state: &Path| digests_of(state).iter().filter(|(_, d)| d.starts_with("not verified")).count();
    assert_eq!((refused(&state), digests_of(&state).len()), (2, 7));

    // The next night says the same of the two, and writes nothing.
    let night = ingest(&bucket, &state);
    assert!(night.code == 4 && night.out.contains("kept 0 + duplicate 0 + rejected 2 (5 files were known"), "{}", night.out);
    assert!(first == state_of(&state), "nothing changed");

    // The hour's digest comes; the file is as it was delivered again.
    let fifth = digest(5, &[&new], Some(&bucket.digests[3]), false, pair());
    bucket.put(&fifth.key, &gz(&fifth.content));
    bucket.put_metadata(&fifth, &fifth.signature);
    bucket.put(&bucket.logs[0].key, &gz(&bucket.logs[0].content));
    let night = ingest(&bucket, &state);
    assert!(night.code == 0 && night.out.contains("kept 2 + duplicate 0 + rejected 0 (5 files were known"), "{} {}", night.out, night.err);
    let all = digests_of(&state);
    assert_eq!(all.iter().filter(|(_, d)| d == "verified").count(), 7, "{all:?}");
    let totals = trailtrim::ingest::Ledger::open(&state).unwrap().totals();
    // The file that somebody changed stays in the books; the one that came too early is there once.
    assert_eq!((totals.files, totals.kept, totals.rejected), (8, 7, 1), "{all:?}");
    totals.check().unwrap();
}

#[test]
fn a_nightly_run_counts_what_it_refused() {
    let bucket = Bucket::small();
    bucket.put(&bucket.logs[1].key, &gz(&log(2, 5, "other").content));
    let [state, out] = ["state", "out"].map(|name| bucket.dir.path().join(name));
    let mut args: Vec<std::ffi::OsString> = vec!["run".into(), "--quiet".into(), "--now".into(), "2026-11-01T00:00:00Z".into()];
    args.extend(["--require-digests".into(), "--pinned-keys".into(), bucket.keys("keys.json").into()]);
    args.extend(["--logs".into(), bucket.root().into(), "--state".into(), state.into(), "--out".into(), out.clone().into()]);
    let output = trailtrim(args);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let run = super::common::json(&out.join("run.json"));
    let counts = &run["ledger"];
    assert_eq!((&counts["records_read"], &counts["kept"], &counts["rejected"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(counts["by_reason"]["not verified by a digest"], 1);
}

#[test]
fn keys_and_the_flag_go_together() {
    let bucket = Bucket::small();
    for (more, wanted) in [(vec!["--require-digests".into()], "needs public keys"), (vec!["--keys".into(), bucket.keys("keys.json").into_os_string()], "need --require-digests")] {
        let mut args: Vec<std::ffi::OsString> = vec!["ingest".into(), "--logs".into(), bucket.root().into(), "--state".into(), bucket.dir.path().join("state").into()];
        args.extend(more);
        let output = trailtrim(args);
        assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains(wanted));
    }
}

#[test]
fn a_run_without_the_flag_keeps_no_word_of_digests() {
    let bucket = Bucket::small();
    let state = bucket.dir.path().join("state");
    let output = trailtrim(["ingest".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), bucket.root().as_os_str(), "--state".as_ref(), state.as_os_str()]);
    assert_eq!(output.status.code(), Some(0));
    let ledger: Vec<u8> = tree(&state.join("ledger")).into_values().flatten().collect();
    assert!(!String::from_utf8(ledger).unwrap().contains("\"digest\""));
}

/// The AWS CLI's own validator on the same bucket, where the environment of tests/export is there (`./test` makes it).
#[test]
fn the_aws_cli_says_the_same_of_signatures() {
    let python = Path::new(env!("CARGO_BIN_EXE_trailtrim")).ancestors().nth(2).unwrap().join("export-test/venv/bin/python");
    if !python.exists() {
        println!("no {}: not held against the AWS CLI", python.display());
        return;
    }
    let bucket = Bucket::new();
    let changed = &bucket.digests[2];
    // A byte in a listed hash: still JSON, and still in its place.
    let mut content = changed.content.clone();
    let at = content.windows(12).position(|w| w == b"\"hashValue\":").map(|at| at + 13).unwrap();
    content[at] = if content[at] == b'0' { b'1' } else { b'0' };
    bucket.put(&changed.key, &gz(&content));
    let output = std::process::Command::new(python)
        .args([root().join("tests/verify/aws_cli.py"), bucket.keys("keys.json"), bucket.root()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let ours = report(&bucket);
    assert_eq!(theirs.len(), 6);
    for (key, answer) in &theirs {
        assert_eq!(answer == "valid", of(&ours, key).0 == Verdict::Verified, "{key}: {answer}");
    }
    assert_eq!(theirs.iter().filter(|(_, answer)| *answer != "valid").map(|(key, _)| key).collect::<Vec<_>>(), [&changed.key]);
}

#[test]
fn real_digests_are_read() {
    let Some(corpora) = corpora() else { return };
    let lines = std::fs::read_to_string(corpora.join("digests/digests.ndjson")).unwrap();
    let (mut read, mut others) = (0, Vec::new());
    for line in lines.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        let text = document["doc"].to_string();
        match trailtrim::ingest::digest::document::Document::parse(text.as_bytes()) {
            Ok(digest) => {
                read += 1;
                let name = trailtrim::ingest::digest::name::digest_name(&digest.digest_s3_object).unwrap();
                assert_eq!((name.chain.account.as_str(), name.end_ms), (document["doc"]["awsAccountId"].as_str().unwrap(), digest.end_ms()));
            }
            Err(why) => others.push(why),
        }
    }
    println!("{read} digests read, not digests: {others:?}");
    assert_eq!((read, others.len()), (5, 2), "{others:?}");
}
