//! Log files with digests that are signed here, by keys that are made here: what CloudTrail would leave in a bucket.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::{Digest as _, Sha256};
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";
pub const BUCKET: &str = "amzn-s3-demo-bucket";

/// Numbers that are the same in every run: hashes of a seed and a count.
struct Seeded {
    seed: &'static str,
    count: u64,
    left: Vec<u8>,
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for byte in dst {
            if self.left.is_empty() {
                self.left = Sha256::digest(format!("{} {}", self.seed, self.count)).to_vec();
                self.count += 1;
            }
            *byte = self.left.pop().unwrap_or_default();
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// A key pair of 2,048 bits.
pub struct Pair {
    key: SigningKey<Sha256>,
    /// The public key as `list-public-keys` has it.
    pub value: String,
    /// What it is called.
    pub fingerprint: String,
}

impl Pair {
    fn new(seed: &'static str) -> Pair {
        let private = rsa::PrivateKey::new(&mut Seeded { seed, count: 0, left: Vec::new() }, 2048).unwrap();
        let der = private.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
        let fingerprint = sha256_hex(&der)[..32].to_owned();
        Pair { key: SigningKey::new(private), value: base64::engine::general_purpose::STANDARD.encode(der), fingerprint }
    }

    /// The signature of a text, hexadecimal.
    pub fn sign(&self, text: &str) -> String {
        self.key.sign(text.as_bytes()).to_vec().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// An entry of `PublicKeyList` with the validity of this fixture's time.
    pub fn entry(&self) -> Value {
        json!({"Value": self.value, "Fingerprint": self.fingerprint, "ValidityStartTime": "2026-09-25T00:00:00+00:00", "ValidityEndTime": 1793491200.0})
    }
}

/// The region's key, made once in a test run.
pub fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair::new("the region's key"))
}

/// Somebody else's key.
pub fn other_pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair::new("somebody else's key"))
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A log file with one record.
#[derive(Clone)]
pub struct Log {
    pub key: String,
    pub content: Vec<u8>,
}

/// A log file delivered at a minute of 1 October 2026.
pub fn log(hour: u8, minute: u8, id: &str) -> Log {
    let record = json!({
        "eventVersion": "1.08", "eventID": id, "eventTime": format!("2026-10-01T{hour:02}:{minute:02}:00Z"), "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": REGION, "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, "requestParameters": null,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLEANN", "arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"), "accountId": ACCOUNT, "userName": "ann"},
    });
    Log {
        key: format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/01/{ACCOUNT}_CloudTrail_{REGION}_20261001T{hour:02}{minute:02}Z_{id}.json.gz"),
        content: json!({"Records": [record]}).to_string().into_bytes(),
    }
}

/// A digest, signed.
#[derive(Clone)]
pub struct Digest {
    pub key: String,
    pub content: Vec<u8>,
    pub signature: String,
    pub backfill: bool,
}

/// Signs a digest of the hour that ends then.
pub fn digest(end_hour: u8, logs: &[&Log], previous: Option<&Digest>, backfill: bool, pair: &Pair) -> Digest {
    let end = format!("2026-10-01T{end_hour:02}:00:30Z");
    let suffix = if backfill { "_backfill" } else { "" };
    let key = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/10/01/{ACCOUNT}_CloudTrail-Digest_{REGION}_the_trail_us-east-1_20261001T{end_hour:02}0030Z{suffix}.json.gz"
    );
    let listed: Vec<Value> = logs
        .iter()
        .map(|l| json!({"s3Bucket": BUCKET, "s3Object": l.key, "hashValue": sha256_hex(&l.content), "hashAlgorithm": "SHA-256", "newestEventTime": end, "oldestEventTime": end}))
        .collect();
    let content = json!({
        "awsAccountId": ACCOUNT, "digestStartTime": format!("2026-10-01T{:02}:00:30Z", end_hour - 1), "digestEndTime": end,
        "digestS3Bucket": BUCKET, "digestS3Object": key, "digestPublicKeyFingerprint": pair.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": null, "oldestEventTime": null,
        "previousDigestS3Bucket": previous.map(|_| BUCKET), "previousDigestS3Object": previous.map(|p| &p.key),
        "previousDigestHashValue": previous.map(|p| sha256_hex(&p.content)), "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
        "previousDigestSignature": previous.map(|p| &p.signature), "logFiles": listed,
    });
    let content = content.to_string().into_bytes();
    let before = previous.map_or("null", |p| p.signature.as_str());
    let signature = pair.sign(&format!("{end}\n{BUCKET}/{key}\n{}\n{before}", sha256_hex(&content)));
    Digest { key, content, signature, backfill }
}

/// A bucket on disk.
pub struct Bucket {
    pub dir: tempfile::TempDir,
    pub logs: Vec<Log>,
    /// The oldest first.
    pub digests: Vec<Digest>,
}

impl Bucket {
    /// Four hours, one of them empty, and two backfill digests; keys beside the logs' folder.
    pub fn new() -> Bucket {
        let logs = vec![log(0, 10, "first"), log(0, 20, "second"), log(2, 5, "third"), log(3, 40, "fourth"), log(0, 25, "late"), log(2, 25, "later")];
        let first = digest(1, &[&logs[0], &logs[1]], None, false, pair());
        let empty = digest(2, &[], Some(&first), false, pair());
        let third = digest(3, &[&logs[2]], Some(&empty), false, pair());
        let newest = digest(4, &[&logs[3]], Some(&third), false, pair());
        let late = digest(1, &[&logs[4]], None, true, pair());
        let later = digest(3, &[&logs[5]], Some(&late), true, pair());
        Bucket::of(logs, vec![first, empty, third, newest, late, later])
    }

    /// Three hours, the one in the middle empty.
    pub fn small() -> Bucket {
        let logs = vec![log(0, 10, "first"), log(2, 5, "second")];
        let first = digest(1, &[&logs[0]], None, false, pair());
        let empty = digest(2, &[], Some(&first), false, pair());
        let newest = digest(3, &[&logs[1]], Some(&empty), false, pair());
        Bucket::of(logs, vec![first, empty, newest])
    }

    pub fn of(logs: Vec<Log>, digests: Vec<Digest>) -> Bucket {
        let bucket = Bucket { dir: tempfile::tempdir().unwrap(), logs, digests };
        for log in &bucket.logs {
            bucket.put(&log.key, &gz(&log.content));
        }
        for digest in &bucket.digests {
            bucket.put(&digest.key, &gz(&digest.content));
            bucket.put_metadata(digest, &digest.signature);
        }
        bucket.put_keys("keys.json", &[pair().entry()]);
        bucket
    }

    /// The folder that stands for the bucket.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("bucket")
    }

    pub fn path(&self, key: &str) -> PathBuf {
        self.root().join(key)
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        put(&self.path(key), bytes);
    }

    pub fn metadata(&self, digest: &Digest) -> PathBuf {
        self.path(&format!("{}.metadata.json", digest.key))
    }

    /// What `aws s3api head-object` prints.
    pub fn put_metadata(&self, digest: &Digest, signature: &str) {
        let mut inner = json!({"signature": signature, "signature-algorithm": "SHA256withRSA"});
        if digest.backfill {
            inner["backfill-generation-timestamp"] = "2026-10-02T01:00:00Z".into();
        }
        put(&self.metadata(digest), json!({"ContentType": "application/json", "Metadata": inner}).to_string().as_bytes());
    }

    pub fn without_metadata(self) -> Bucket {
        for digest in &self.digests {
            std::fs::remove_file(self.metadata(digest)).unwrap();
        }
        self
    }

    pub fn remove(&self, key: &str) {
        std::fs::remove_file(self.path(key)).unwrap();
    }

    pub fn keys(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn put_keys(&self, name: &str, entries: &[Value]) -> PathBuf {
        put(&self.keys(name), json!({"PublicKeyList": entries}).to_string().as_bytes());
        self.keys(name)
    }
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
