//! The key of the tokens: made on first use and kept in the state folder, so that tokens are the same from night to night, or
//! brought by the reader.

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::files;

/// The key's name in the state folder.
pub const NAME: &str = "redact.key";

/// The least bytes of a key. One that is made has 32, as 64 hexadecimal digits.
const LEAST: usize = 16;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key of --redact, `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Too short: its tokens could be found out.
    #[error("key of --redact, `{}`: {bytes} bytes are too few, it has at least {LEAST}", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// How many there are.
        bytes: usize,
    },
    /// No random numbers are to be had.
    #[error("key of --redact: the system gives no random numbers ({0})")]
    Random(String),
    /// A pattern of ours is none.
    #[error("--redact: {0}")]
    Pattern(Box<regex::Error>),
}

/// A key.
#[derive(Clone)]
pub struct Key {
    mac: Hmac<Sha256>,
}

impl Key {
    /// Of some bytes; HMAC takes any number of them.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Key> {
        Hmac::new_from_slice(bytes).ok().map(|mac| Key { mac })
    }

    /// Of a file: its bytes without white space at the end.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(path: &Path) -> Result<Key, KeyError> {
        let bytes = files::read_whole(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        let bytes = bytes.trim_ascii_end();
        let short = || KeyError::Short { path: path.to_owned(), bytes: bytes.len() };
        if bytes.len() < LEAST {
            return Err(short());
        }
        Key::of(bytes).ok_or_else(short)
    }

    /// The key of a state folder, made where there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn kept(state: &Path) -> Result<Key, KeyError> {
        let path = state.join(NAME);
        if !path.exists() {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes).map_err(|e| KeyError::Random(e.to_string()))?;
            let text: String = bytes.iter().map(|b| format!("{b:02x}")).chain(["\n".to_owned()]).collect();
            files::put_secret(&path, text.as_bytes(), ".new").map_err(|source| KeyError::File { path: path.clone(), source })?;
        }
        Key::load(&path)
    }

    /// The keyed hash of a value. What is of another class has another, equal or not.
    pub(super) fn digest(&self, class: &str, value: &str) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(class.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().into()
    }
}
