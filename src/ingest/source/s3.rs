//! Buckets of S3 and of servers that speak its protocol: listing, reading. The only file that opens sockets, and only for `s3://`.
//!
//! Endpoint, region and credentials come from the environment variables of the AWS CLI, else from the container or instance.
//! With accounts, regions or days asked for, listings go down from folder to folder and leave out those that hold nothing
//! wanted; within a region they start at the first day and end at the last. Source: S3 API reference, `ListObjectsV2`.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::path::Path;
use object_store::{Attribute, ClientConfigKey, Error, GetOptions, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::key::{Keep, is_digest, place};
use super::{Collector, Origin};
use crate::ingest::IngestError;

/// Requests that are under way at one time.
const REQUESTS: usize = 64;

/// How long one request may take: an object of 50 MB over a slow line.
const TIMEOUT: &str = "120 seconds";

/// How long a request is tried again.
const TRIES: Duration = Duration::from_secs(60);

/// How many folders deep `AWSLogs` is looked for before the rest is listed as it is.
const DEEPEST_ROOT: usize = 3;

/// How many folders deep a listing goes down at all.
const DEEPEST: usize = 10;

/// What says where credentials are, without asking the instance.
const CREDENTIALS: [AmazonS3ConfigKey; 5] = [
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::SecretAccessKey,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    AmazonS3ConfigKey::ContainerCredentialsFullUri,
];

type Fetched = JoinHandle<io::Result<Vec<u8>>>;

struct Bucket {
    name: String,
    store: AmazonS3,
    runtime: Arc<Runtime>,
    room: Arc<Semaphore>,
    coming: Mutex<HashMap<Path, Fetched>>,
}

/// An object.
#[derive(Clone)]
pub struct Object {
    bucket: Arc<Bucket>,
    key: Path,
    etag: Option<String>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url())
    }
}

async fn get(store: AmazonS3, key: Path, etag: Option<String>) -> io::Result<Vec<u8>> {
    let options = GetOptions { if_match: etag, ..GetOptions::default() };
    let result = async { store.get_opts(&key, options).await?.bytes().await }.await;
    result.map(Vec::from).map_err(|e| short(&e))
}

impl Object {
    /// `s3://bucket/key`
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.key)
    }

    /// What S3 calls the bytes.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    fn coming(&self) -> std::sync::MutexGuard<'_, HashMap<Path, Fetched>> {
        self.bucket.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to read it.
    pub fn fetch(&self) {
        let (room, store, key, etag) = (self.bucket.room.clone(), self.bucket.store.clone(), self.key.clone(), self.etag.clone());
        self.coming().entry(self.key.clone()).or_insert_with(|| {
            self.bucket.runtime.spawn(async move {
                let _place = room.acquire().await;
                get(store, key, etag).await
            })
        });
    }

    /// Its bytes, if they are still those that were listed.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let fetched = self.coming().remove(&self.key);
        match fetched {
            Some(fetched) => self.bucket.runtime.block_on(fetched).map_err(|_| io::Error::other("the request was given up"))?,
            None => self.bucket.runtime.block_on(get(self.bucket.store.clone(), self.key.clone(), self.etag.clone())),
        }
    }

    /// Its metadata, as the JSON of `aws s3api head-object`.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub fn metadata(&self) -> io::Result<Vec<u8>> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        let result = self.bucket.runtime.block_on(self.bucket.store.get_opts(&self.key, options)).map_err(|e| short(&e))?;
        let texts = result.attributes.iter().filter_map(|(name, value)| match name {
            Attribute::Metadata(name) => Some((name.to_string(), serde_json::Value::from(value.as_ref()))),
            _ => None,
        });
        let texts: serde_json::Map<String, serde_json::Value> = texts.collect();
        serde_json::to_vec(&serde_json::json!({ "Metadata": texts })).map_err(io::Error::other)
    }
}

/// An error in words that are the same every time: what the server says may have times and request ids in it.
fn short(error: &Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::ErrorKind::NotFound.into(),
        Error::PermissionDenied { .. } => io::ErrorKind::PermissionDenied.into(),
        Error::Unauthenticated { .. } => io::Error::other("the server does not take these credentials"),
        Error::Precondition { .. } => io::Error::other("it changed after it was listed"),
        Error::InvalidPath { .. } => io::Error::other("its key has an empty part, dots for a part, or control characters"),
        other => {
            let text = causes(other);
            let status = text.split("status code: ").nth(1).and_then(|t| t.get(..3)).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
            match status {
                Some(status) => io::Error::other(format!("the server answers {status}")),
                None if text.contains("timed out") => io::ErrorKind::TimedOut.into(),
                None => io::Error::other("no answer from the server"),
            }
        }
    }
}

/// An error with its causes, in one line.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(600).collect()
}

/// A place to list: bucket, key, whether a list named it.
type Given = (String, String, bool);

/// S3 as the environment has it.
pub struct S3 {
    runtime: Arc<Runtime>,
    room: Arc<Semaphore>,
}

impl S3 {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// [`IngestError::Logs`] when no threads can be had.
    pub fn new() -> Result<S3, IngestError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("s3").enable_all().build();
        let runtime = runtime.map_err(|source| IngestError::Logs { path: PathBuf::from("s3://"), source })?;
        Ok(S3 { runtime: Arc::new(runtime), room: Arc::new(Semaphore::new(REQUESTS)) })
    }

    fn bucket(&self, name: &str) -> Result<Bucket, Error> {
        let mut builder = AmazonS3Builder::new();
        for (variable, value) in std::env::vars().filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty()) {
            if let Ok(key) = variable.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint].iter().find_map(|key| builder.get_config_value(key));
        if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
            builder = builder.with_allow_http(true);
        }
        // The library would ask the instance whatever this says.
        let asks_nobody = std::env::var("AWS_EC2_METADATA_DISABLED").is_ok_and(|v| v.eq_ignore_ascii_case("true"));
        let signs = builder.get_config_value(&AmazonS3ConfigKey::SkipSignature).is_none_or(|v| v != "true");
        if asks_nobody && signs && CREDENTIALS.iter().all(|key| builder.get_config_value(key).is_none()) {
            return Err(Error::Generic { store: "S3", source: "no credentials in the environment, and AWS_EC2_METADATA_DISABLED is set".into() });
        }
        let builder = builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT);
        let store = builder.with_bucket_name(name).with_retry(RetryConfig { retry_timeout: TRIES, ..RetryConfig::default() }).build()?;
        Ok(Bucket { name: name.to_owned(), store, runtime: self.runtime.clone(), room: self.room.clone(), coming: Mutex::default() })
    }

    /// Lists objects and folders.
    ///
    /// # Errors
    /// [`IngestError::Logs`] when a place is not there or cannot be listed, unless a list named it.
    pub fn list(&self, given: &[Given], all: &mut Collector<'_>) -> Result<(), IngestError> {
        let fail = |bucket: &str, key: &str, problem: String| IngestError::Logs { path: format!("s3://{bucket}/{key}").into(), source: io::Error::other(problem) };
        let mut buckets: BTreeMap<&str, Arc<Bucket>> = BTreeMap::new();
        for (bucket, key, _) in given {
            if !buckets.contains_key(bucket.as_str()) {
                let made = self.bucket(bucket).map_err(|e| fail(bucket, key, causes(&e)))?;
                buckets.insert(bucket, Arc::new(made));
            }
        }
        let keep = all.keep;
        let asked = given.iter().filter_map(|one| Some((one, buckets.get(one.0.as_str())?)));
        let looks = stream::iter(asked).map(|(one, bucket)| async move { (one, bucket, look(&bucket.store, &one.1, keep).await) });
        let mut looks = looks.buffered(REQUESTS);
        while let Some(((name, key, listed), bucket, found)) = self.runtime.block_on(looks.next()) {
            match found {
                Ok(found) => found.into_iter().for_each(|object| take(object, bucket, all)),
                Err(e) if *listed => {
                    let url = format!("s3://{name}/{key}");
                    all.add(key.clone(), url.clone().into(), 0, Origin::Closed(url.into(), short(&e).to_string()));
                }
                Err(Error::NotFound { .. }) => return Err(fail(name, key, "nothing is there".to_owned())),
                Err(e) => return Err(fail(name, key, causes(&e))),
            }
        }
        Ok(())
    }
}

fn take(object: ObjectMeta, bucket: &Arc<Bucket>, all: &mut Collector<'_>) {
    let (relative, bytes) = (object.location.to_string(), object.size);
    let object = Object { bucket: bucket.clone(), key: object.location, etag: object.e_tag };
    if bytes == 0 {
        // The marks of folders that consoles make are such.
        all.ignored.push((object.url(), "empty object".to_owned()));
    } else {
        all.add(relative, object.url().into(), bytes, Origin::Object(object));
    }
}

/// An object, or what is below a folder.
async fn look(store: &AmazonS3, key: &str, keep: &Keep) -> Result<Vec<ObjectMeta>, Error> {
    let mut why = None;
    let is_folder = key.is_empty() || key.ends_with('/');
    if !is_folder {
        match store.head(&Path::parse(key)?).await {
            Ok(object) if object.size > 0 => return Ok(vec![object]),
            Ok(_) => {}
            Err(e @ (Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. })) => why = Some(e),
            Err(e) => return Err(e),
        }
    }
    let folder = if is_folder { key.to_owned() } else { format!("{key}/") };
    let found = if keep.is_all() { pages(store, &folder, None, None).await? } else { wanted(store, &folder, keep).await? };
    if found.is_empty() && !folder.is_empty() {
        let one = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        if store.list_paginated(Some(&folder), one).await?.result.objects.is_empty() {
            return Err(why.unwrap_or_else(|| Error::NotFound { path: folder, source: "no key begins so".into() }));
        }
    }
    Ok(found)
}

/// All objects whose keys begin so, behind a key and before another.
async fn pages(store: &AmazonS3, prefix: &str, after: Option<String>, before: Option<&str>) -> Result<Vec<ObjectMeta>, Error> {
    let mut found = Vec::new();
    let mut page_token = None;
    loop {
        let options = PaginatedListOptions { offset: after.clone(), page_token, ..PaginatedListOptions::default() };
        let page = store.list_paginated(Some(prefix), options).await?;
        let (had, listed) = (found.len(), page.result.objects.len());
        found.extend(page.result.objects.into_iter().take_while(|object| before.is_none_or(|before| object.location.as_ref() < before)));
        page_token = page.page_token;
        if page_token.is_none() || found.len() - had < listed {
            return Ok(found);
        }
    }
}

/// What is directly in a folder: objects, folders.
async fn level(store: &AmazonS3, folder: &str) -> Result<(Vec<ObjectMeta>, Vec<String>), Error> {
    let (mut objects, mut folders) = (Vec::new(), Vec::new());
    let mut page_token = None;
    loop {
        let options = PaginatedListOptions { delimiter: Some("/".into()), page_token, ..PaginatedListOptions::default() };
        let page = store.list_paginated(Some(folder), options).await?;
        objects.extend(page.result.objects);
        folders.extend(page.result.common_prefixes.iter().map(|folder| format!("{folder}/")));
        page_token = page.page_token;
        if page_token.is_none() {
            return Ok((objects, folders));
        }
    }
}

/// Objects below a folder, without most of those that are not wanted.
async fn wanted(store: &AmazonS3, folder: &str, keep: &Keep) -> Result<Vec<ObjectMeta>, Error> {
    let mut found = Vec::new();
    let mut level_of = vec![folder.to_owned()];
    for depth in 0.. {
        let looks = stream::iter(level_of).map(|folder| async move {
            if let Some(days) = days(&folder, keep) {
                let mut objects = pages(store, &folder, days.after, days.before.as_deref()).await?;
                if days.before.is_some() {
                    // What is beside the days: its name does not tell.
                    objects.extend(pages(store, &folder, Some(days.beside), None).await?);
                }
                Ok((objects, Vec::new()))
            } else if depth >= DEEPEST || (depth >= DEEPEST_ROOT && !folder.contains("AWSLogs/")) {
                Ok((pages(store, &folder, None, None).await?, Vec::new()))
            } else {
                level(store, &folder).await
            }
        });
        let looked: Vec<(Vec<ObjectMeta>, Vec<String>)> = looks.buffered(REQUESTS).try_collect().await?;
        level_of = Vec::new();
        for (objects, folders) in looked {
            found.extend(objects);
            level_of.extend(folders.into_iter().filter(|folder| keep.wants(folder)));
        }
        if level_of.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Where a listing of a region's days begins and ends.
#[derive(Debug, PartialEq, Eq)]
struct Days {
    after: Option<String>,
    before: Option<String>,
    /// Behind this come the names that do not begin with a digit.
    beside: String,
}

/// The days to list of a folder that is a region's, or in one.
fn days(folder: &str, keep: &Keep) -> Option<Days> {
    let place = place(folder)?;
    let region = place.up_to_region?;
    // Of other kinds, months and days may have one digit, so that their order is not that of time.
    let in_order = place.kind.is_some_and(|kind| kind.starts_with("CloudTrail")) && !is_digest(&place);
    let key = |day: jiff::civil::Date| in_order.then(|| format!("{region}{:04}/{:02}/{:02}", day.year(), day.month(), day.day()));
    // `0` comes next behind `/`, `:` next behind the digits.
    let before = keep.last_day().and_then(key).map(|day| format!("{day}0"));
    Some(Days { after: keep.first_day().and_then(key), before, beside: format!("{region}:") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::times::parse_ms;

    #[test]
    fn listings_of_a_region_begin_and_end_with_the_days() {
        let keep = Keep { since_ms: parse_ms("2026-10-05T00:00:00Z"), until_ms: parse_ms("2026-10-31T12:00:00Z"), ..Keep::default() };
        let region = "p/AWSLogs/111122223333/CloudTrail/eu-west-1/";
        let all = Days { after: Some(format!("{region}2026/10/04")), before: Some(format!("{region}2026/11/010")), beside: format!("{region}:") };
        assert_eq!(days(region, &keep), Some(all));
        assert_eq!(days(&format!("{region}2026/"), &keep), days(region, &keep));
        let key = format!("{region}2026/11/01/x.json");
        assert!(key < format!("{region}2026/11/010") && format!("{region}2026/11/02/x.json") > format!("{region}2026/11/010"));
        let open = |kind: &str| days(&region.replace("CloudTrail", kind), &keep).map(|days| (days.after, days.before));
        assert_eq!(open("CloudTrail-Digest"), Some((None, None)));
        assert_eq!(open("Config"), Some((None, None)));
        assert_eq!(days("p/AWSLogs/111122223333/CloudTrail/", &keep), None);
    }

    #[test]
    fn errors_are_the_same_every_time() {
        let error = |text: &str| short(&Error::Generic { store: "S3", source: text.to_owned().into() }).to_string();
        assert_eq!(error("Error performing GET http://127.0.0.1:1/b/k in 1.5ms - Server returned non-2xx status code: 503 Slow"), "the server answers 503");
        assert_eq!(error("operation timed out after 3.2s"), "timed out");
        assert_eq!(error("something\u{1b}[2J"), "no answer from the server");
        assert!(!causes(&Error::Generic { store: "S3", source: "a\u{1b}\nb".into() }).contains(char::is_control));
    }
}
