//! Files of any content: what is taken out of them.

use std::borrow::Cow;

use crate::ingest::carriers::{NotTaken, carried};

/// Takes the bytes as a file under several names; then the same inside `Records`, beside a good record. No panic; a reason is
/// one line; a lent record is a slice of the file; what stands in its own brackets does not touch the record beside it.
///
/// # Panics
/// When one of these does not hold.
pub fn envelope(bytes: &[u8]) {
    for name in ["x", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/01/x.json.gz", "111122223333/eu-west-1/b/2026/10/01/y"] {
        match carried(name, bytes) {
            Ok(taken) => {
                let file = bytes.as_ptr_range();
                for record in &taken.records {
                    match record {
                        Ok(Cow::Borrowed(text)) => assert!(file.contains(&text.as_ptr()) || text.is_empty(), "lent from elsewhere"),
                        Ok(Cow::Owned(text)) => assert!(!text.is_empty(), "an empty record"),
                        Err((_, reason)) => one_line(reason),
                    }
                }
            }
            Err(NotTaken::NoLog(reason) | NotTaken::Damaged(reason)) => one_line(&reason),
        }
    }
    const GOOD: &str = r#"{"eventName":"GetUser","eventSource":"iam.amazonaws.com","eventTime":"2026-10-01T00:00:00Z"}"#;
    // A value that is JSON by serde's judgement stays in its place.
    if serde_json::from_slice::<&serde_json::value::RawValue>(bytes).is_ok() && std::str::from_utf8(bytes).is_ok() {
        let file = [b"{\"Records\":[", bytes, b",", GOOD.as_bytes(), b"]}"].concat();
        let taken = carried("x", &file).unwrap_or_else(|e| panic!("{e:?}: {:?}", String::from_utf8_lossy(&file)));
        assert_eq!(taken.records.len(), 2);
        assert!(matches!(taken.records.last(), Some(Ok(text)) if text == GOOD));
    }
}

fn one_line(reason: &str) {
    assert!(!reason.is_empty(), "no reason");
}
