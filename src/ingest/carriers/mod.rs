//! What a file carries, told by its content: the name is a hint at most.
//!
//! Every carrier comes down to texts of records in CloudTrail's own shape, so that one decoder serves them all. A carrier
//! that holds such records lends slices of the file; one of another shape (access logs, Security Lake, tables of CloudTrail
//! Lake, summaries) has them written anew. A file whose document breaks off is not taken at all, so that the complete one,
//! when it comes, is not half known; a bad line or record is a rejection of its own. Source: inputs-and-evaluation.md
//! sections 3.1 and 3.3; `docs/carriers.md` for users.

pub mod access_log;
mod access_log_record;
mod document;
mod json;
mod lake;
mod lines;
mod ocsf;
mod operations;
mod security_lake;
mod struct_text;
mod summary;

use std::borrow::Cow;

use super::fields::Reject;

pub use access_log::EVENT_TYPE as ACCESS_LOG_EVENT;

/// A kind of carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// `{"Records": […]}`, as trails write it.
    Records,
    /// Records that stand alone, in lists or in lines.
    Record,
    /// Output of `lookup-events`.
    LookupEvents,
    /// EventBridge envelopes.
    EventBridge,
    /// CloudWatch Logs: an export, `filter-log-events`, a subscription's payload.
    CloudWatchLogs,
    /// Results of a CloudTrail Lake query, as JSON.
    Lake,
    /// The same as CSV.
    LakeCsv,
    /// Security Lake: OCSF.
    SecurityLake,
    /// S3 server access logs.
    AccessLog,
    /// CloudTrail-Insight.
    Insight,
    /// CloudTrail-Aggregated.
    Aggregated,
    /// Several of them in one file.
    Mixed,
}

impl Carrier {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Carrier::Records => "cloudtrail-file",
            Carrier::Record => "cloudtrail-records",
            Carrier::LookupEvents => "lookup-events",
            Carrier::EventBridge => "eventbridge",
            Carrier::CloudWatchLogs => "cloudwatch-logs",
            Carrier::Lake => "cloudtrail-lake",
            Carrier::LakeCsv => "cloudtrail-lake-csv",
            Carrier::SecurityLake => "security-lake",
            Carrier::AccessLog => "s3-access-log",
            Carrier::Insight => "cloudtrail-insight",
            Carrier::Aggregated => "cloudtrail-aggregated",
            Carrier::Mixed => "mixed",
        }
    }
}

/// What a file carries.
#[derive(Debug)]
pub struct Carried<'f> {
    /// In what.
    pub carrier: Carrier,
    /// Each record's JSON text in CloudTrail's own shape, or why there is none, in the file's order.
    pub records: Vec<Result<Cow<'f, str>, Reject>>,
}

/// Why a file is not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotTaken {
    /// Nothing in it is a log: it is left alone, which is no fault. The reason.
    NoLog(String),
    /// It is, or should be, a log, and is damaged: it is rejected. The reason.
    Damaged(String),
}

/// Records as they are found.
#[derive(Debug, Default)]
struct Found<'f> {
    records: Vec<Result<Cow<'f, str>, Reject>>,
    carrier: Option<Carrier>,
    /// What wraps all that is found now; it counts, whatever it wraps.
    within: Option<Carrier>,
    /// Whether the file may hold summaries, which must be written anew.
    may_summarise: bool,
}

impl<'f> Found<'f> {
    /// Notes a carrier; another one than before makes the file a mixed one.
    fn seen(&mut self, carrier: Carrier) {
        let carrier = self.within.unwrap_or(carrier);
        self.carrier = Some(self.carrier.map_or(carrier, |before| if before == carrier { carrier } else { Carrier::Mixed }));
    }

    /// Finds something inside a wrapping.
    fn inside<T>(&mut self, carrier: Carrier, find: impl FnOnce(&mut Found<'f>) -> T) -> T {
        let before = self.within.replace(carrier);
        self.seen(carrier);
        let out = find(self);
        self.within = before;
        out
    }

    fn reject(&mut self, field: &'static str, reason: impl Into<String>) {
        self.records.push(Err((field, reason.into())));
    }

    /// Takes in a record as it lies in the file.
    fn lend(&mut self, record: &'f [u8], carrier: Carrier) {
        match std::str::from_utf8(record) {
            Err(e) => {
                self.seen(carrier);
                self.reject("", format!("not UTF-8 at byte {} of the record", e.valid_up_to()));
            }
            Ok(text) => match self.may_summarise.then(|| summary::of(text)).flatten() {
                Some((kind, made)) => {
                    self.seen(kind);
                    self.records.push(made.map(Cow::Owned));
                }
                None => {
                    self.seen(carrier);
                    self.records.push(Ok(Cow::Borrowed(text)));
                }
            },
        }
    }

    /// Takes in a record that had to be written anew, or a text of its own that carries one.
    fn give(&mut self, made: Result<String, Reject>, carrier: Carrier) {
        let summed = match &made {
            Ok(text) if self.may_summarise => summary::of(text),
            _ => None,
        };
        let (carrier, made) = summed.unwrap_or((carrier, made));
        self.seen(carrier);
        self.records.push(made.map(Cow::Owned));
    }

    /// Nothing that was found is a record or should be one: the file is no log.
    fn is_nothing(&self) -> bool {
        self.carrier.is_none()
    }

    fn finish(self) -> Carried<'f> {
        Carried { carrier: self.carrier.unwrap_or(Carrier::Record), records: self.records }
    }
}

/// Whether a name says that the file holds JSON, as CloudTrail's own files do. A text of that name that is none is damaged;
/// of another name it is somebody's text.
fn named_as_json(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
    [".json", ".jsonl", ".ndjson"].iter().any(|end| bare.ends_with(end))
}

/// A file that is nothing we know.
fn nothing_known(name: &str, what: &str) -> NotTaken {
    if named_as_json(name) { NotTaken::Damaged(format!("not JSON: {what}")) } else { NotTaken::NoLog(format!("{what}, no log that is known")) }
}

/// The records of a file. `name` is only a hint (of the account and region that an access log is for), `plain` is the
/// decompressed content.
///
/// # Errors
/// [`NotTaken`] with the reason for leaving the whole file.
pub fn carried<'f>(name: &str, plain: &'f [u8]) -> Result<Carried<'f>, NotTaken> {
    if plain.starts_with(b"PAR1") {
        return security_lake::carried(plain);
    }
    if plain.starts_with(&[0xff, 0xfe]) || plain.starts_with(&[0xfe, 0xff]) {
        return Err(NotTaken::Damaged("UTF-16: write it as UTF-8".to_owned()));
    }
    let text = plain.strip_prefix(b"\xef\xbb\xbf").unwrap_or(plain);
    let mut found = Found {
        may_summarise: json::contains(text, "insightDetails") || json::contains(text, "timeWindow"),
        ..Found::default()
    };
    match json::Scanner::new(text).peek() {
        None if named_as_json(name) => Err(NotTaken::Damaged("empty file".to_owned())),
        None => Err(NotTaken::NoLog("empty file".to_owned())),
        Some(b'{' | b'[') if !lines::is_lines(text) => {
            document::sequence(text, &mut found)?;
            Ok(found.finish())
        }
        Some(_) if lines::is_lines(text) => {
            lines::all(name, text, &mut found)?;
            Ok(found.finish())
        }
        Some(_) => match lake::csv(text, &mut found) {
            Some(taken) => taken.map(|()| found.finish()),
            None if text.iter().take(4096).any(|b| *b == 0) => Err(nothing_known(name, "binary")),
            None => Err(nothing_known(name, "text")),
        },
    }
}

#[cfg(test)]
mod tests;
