//! Files cut into shares that several machines take in side by side, so that what they give together is what one machine gives.
//!
//! Of the copies of one event, ingest keeps by batch: in a batch the copy that names its caller, else the first; of several batches
//! the first. A share is therefore either some whole batches in a row, or a piece of one batch; it says which batch it begins with
//! and whether it is a piece. Who puts shares together takes, of an event that several have, the copy of the first batch; among
//! pieces of one batch the copy that names its caller, else the first share's (docs/decisions/0019-spark.md).

use super::source::{Found, Origin};
use super::{Sizes, is_digest, split};
use crate::event::{ActionRow, ChangeRow, Column, EventRow, Kind, Row};
use crate::reference::bundle::sha256_hex;

pub use crate::event::SCHEMA_VERSION;

/// Some files, in order of name.
#[derive(Debug)]
pub struct Share {
    /// Number of the batch that it begins with, from 0.
    pub batch: usize,
    /// Whether it is a piece of that batch.
    pub is_piece: bool,
    /// Its files.
    pub files: Vec<Found>,
}

/// Cuts files, in order of name, into shares of about so many bytes as they lie. Digests are no logs and left out.
#[must_use]
pub fn cut(files: Vec<Found>, share_bytes: u64) -> Vec<Share> {
    cut_by(Sizes::default(), files, share_bytes)
}

fn cut_by(sizes: Sizes, files: Vec<Found>, share_bytes: u64) -> Vec<Share> {
    let files: Vec<Found> = files.into_iter().filter(|file| !is_digest(&file.name)).collect();
    let mut shares: Vec<Share> = Vec::new();
    for (batch, of_batch) in split(&files, sizes.batch_bytes, |file| file.bytes).into_iter().enumerate() {
        let pieces = split(of_batch, share_bytes, |file| file.bytes);
        let is_piece = pieces.len() > 1;
        for piece in pieces {
            let bytes: u64 = piece.iter().map(|f| f.bytes).sum();
            match shares.last_mut() {
                Some(last) if !is_piece && !last.is_piece && last.bytes() + bytes <= share_bytes => last.files.extend_from_slice(piece),
                _ => shares.push(Share { batch, is_piece, files: piece.to_vec() }),
            }
        }
    }
    shares
}

impl Share {
    /// Bytes of its files as they lie.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }

    /// Its files as a list that `--logs -` takes anywhere on a machine that sees the same folders: a NUL byte behind each, `/./` where
    /// the name of a file begins.
    #[must_use]
    pub fn list(&self) -> Vec<u8> {
        ended(self.files.iter().map(place))
    }

    /// The names of its files in the same order, a NUL byte behind each.
    #[must_use]
    pub fn names(&self) -> Vec<u8> {
        ended(self.files.iter().map(|file| file.name.clone().into_bytes()))
    }

    /// A hash of where its files are and of their sizes.
    #[must_use]
    pub fn id(&self) -> String {
        let mut text = self.list();
        for file in &self.files {
            text.extend_from_slice(format!("{}\n", file.bytes).as_bytes());
        }
        let hash = sha256_hex(&text);
        hash.get(..16).unwrap_or(&hash).to_owned()
    }
}

fn ended(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        out.extend_from_slice(&item);
        out.push(0);
    }
    out
}

fn place(file: &Found) -> Vec<u8> {
    let path = match &file.origin {
        Origin::Object(object) => return object.url().into_bytes(),
        Origin::File(path) | Origin::Closed(path, _) => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
    };
    let whole = path.as_os_str().as_encoded_bytes();
    match whole.strip_suffix(file.relative().as_bytes()) {
        Some(base) if base.ends_with(b"/") => [base, b"./", file.relative().as_bytes()].concat(),
        // Its name is the path itself, or has characters that a name cannot have.
        _ => whole.to_vec(),
    }
}

/// Column and type (`text`, `bigint`, `boolean`) of each table of the store, in the order of the columns.
#[must_use]
pub fn tables() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let of = |columns: &'static [Column]| {
        let kind = |c: &Column| match c.kind {
            Kind::Text => "text",
            Kind::BigInt => "bigint",
            Kind::Boolean => "boolean",
        };
        columns.iter().map(|c| (c.name, kind(c))).collect()
    };
    vec![
        (EventRow::<String>::TABLE, of(EventRow::<String>::COLUMNS)),
        (ActionRow::<String>::TABLE, of(ActionRow::<String>::COLUMNS)),
        (ChangeRow::<String>::TABLE, of(ChangeRow::<String>::COLUMNS)),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn file(name: &str, bytes: u64) -> Found {
        Found { name: name.to_owned(), below: None, bytes, origin: Origin::File(PathBuf::from("/logs").join(name)) }
    }

    fn sizes(batch_bytes: u64) -> Sizes {
        Sizes { batch_bytes, ..Sizes::default() }
    }

    fn told(shares: &[Share]) -> Vec<(usize, bool, Vec<&str>)> {
        shares.iter().map(|s| (s.batch, s.is_piece, s.files.iter().map(|f| f.name.as_str()).collect())).collect()
    }

    #[test]
    fn shares_are_whole_batches_or_pieces_of_one() {
        let files = || ["a", "b", "c", "d", "e"].iter().map(|n| file(n, 5)).chain([file("AWSLogs/1/CloudTrail-Digest/x.gz", 9)]).collect::<Vec<_>>();
        assert_eq!(told(&cut_by(sizes(10), files(), 25)), [(0, false, vec!["a", "b", "c", "d", "e"])]);
        assert_eq!(told(&cut_by(sizes(10), files(), 19)), [(0, false, vec!["a", "b"]), (1, false, vec!["c", "d", "e"])]);
        let pieces = cut_by(sizes(10), files(), 5);
        let one = |n: usize, piece, name| (n, piece, vec![name]);
        assert_eq!(told(&pieces), [one(0, true, "a"), one(0, true, "b"), one(1, true, "c"), one(1, true, "d"), one(2, false, "e")]);
        assert!(cut(Vec::new(), 1).is_empty());
    }

    #[test]
    fn lists_can_be_read_back_wherever_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("the logs");
        std::fs::create_dir_all(logs.join("x\ny")).unwrap();
        for name in ["a.json", "x\ny/b.json", "AWSLogs.json"] {
            std::fs::write(logs.join(name), "{}").unwrap();
        }
        let keep = super::super::source::Keep::default();
        let found = super::super::source::list(&[logs], &keep).unwrap().files;
        let shares = cut(found.clone(), 1 << 20);
        let list = shares[0].list();
        assert!(list.windows(10).any(|w| w == b"logs/./x\ny"), "{}", String::from_utf8_lossy(&list));
        let again = super::super::source::list_of(&list, &keep).unwrap().files;
        let names = |files: &[Found]| files.iter().map(|f| (f.name.clone(), f.bytes)).collect::<Vec<_>>();
        assert_eq!(names(&again), names(&found));
        assert_eq!(shares[0].names(), b"AWSLogs.json\0a.json\0x\ny/b.json\0");
        assert_ne!(shares[0].id(), cut(vec![file("a.json", 2)], 9)[0].id());
    }

    proptest! {
        #[test]
        fn every_file_is_in_one_share_and_batches_are_those_of_one_machine(lengths in proptest::collection::vec(1u64..40, 0..40), batch in 1u64..60, share in 1u64..200) {
            let files: Vec<Found> = lengths.iter().enumerate().map(|(n, bytes)| file(&format!("f{n:02}"), *bytes)).collect();
            let shares = cut_by(sizes(batch), files.clone(), share);
            let all: Vec<&str> = shares.iter().flat_map(|s| s.files.iter().map(|f| f.name.as_str())).collect();
            prop_assert_eq!(all, files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>());
            // Where a share ends, a batch of one machine ends, unless it is a piece; and a share by itself makes the same batches.
            let of_one: Vec<usize> = split(&files, batch, |f| f.bytes).iter().map(|b| b.len()).collect();
            let mut of_shares = Vec::new();
            for (at, share) in shares.iter().enumerate() {
                let own = split(&share.files, batch, |f| f.bytes);
                if share.is_piece && at > 0 && shares[at - 1].batch == share.batch {
                    prop_assert_eq!(own.len(), 1);
                    *of_shares.last_mut().unwrap() += share.files.len();
                } else {
                    prop_assert_eq!(share.batch, of_shares.len());
                    of_shares.extend(own.iter().map(|b| b.len()));
                }
            }
            prop_assert_eq!(of_shares, of_one);
        }
    }
}
