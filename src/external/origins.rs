//! Whose networks addresses are of, by databases that the reader brings (MMDB files: autonomous systems, countries). Nothing is
//! looked up anywhere else.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde_json::Value;

/// Why a database was refused.
#[derive(Debug, thiserror::Error)]
#[error("network database `{}`: {source}", path.display())]
pub struct OriginsError {
    path: PathBuf,
    source: maxminddb::MaxMindDbError,
}

/// The databases.
#[derive(Default)]
pub struct Origins {
    readers: Vec<Reader<Vec<u8>>>,
}

impl std::fmt::Debug for Origins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} network databases", self.readers.len())
    }
}

/// What one record tells, under the names that MaxMind and others give.
#[derive(Default)]
struct Told {
    number: Option<String>,
    owner: Option<String>,
    country: Option<String>,
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Told {
    fn take(&mut self, record: &Value) {
        let first = |paths: &[&str]| paths.iter().find_map(|p| record.pointer(p).and_then(text));
        let number = first(&["/autonomous_system_number", "/asn"]).map(|n| if n.starts_with("AS") { n } else { format!("AS{n}") });
        self.number = self.number.take().or(number);
        self.owner = self.owner.take().or_else(|| first(&["/autonomous_system_organization", "/as_name", "/as_organization", "/organization"]));
        self.country = self.country.take().or_else(|| first(&["/country/iso_code", "/country_code", "/country", "/registered_country/iso_code"]));
    }

    fn words(self) -> Option<String> {
        let system: Vec<String> = [self.number, self.owner].into_iter().flatten().collect();
        let parts: Vec<String> = [(!system.is_empty()).then(|| system.join(" ")), self.country].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl Origins {
    /// Opens the files.
    ///
    /// # Errors
    /// [`OriginsError`] naming the file.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Origins, OriginsError> {
        let one = |path: &P| Reader::open_readfile(path).map_err(|source| OriginsError { path: path.as_ref().to_owned(), source });
        Ok(Origins { readers: paths.iter().map(one).collect::<Result<_, _>>()? })
    }

    /// Whether there is no database.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// Number and owner of the autonomous system, and country: `AS64496 Example, NL`. `unknown`: no database has the address.
    #[must_use]
    pub fn of(&self, address: &str) -> String {
        let mut told = Told::default();
        if let Ok(ip) = address.parse::<IpAddr>() {
            for reader in &self.readers {
                if let Some(record) = reader.lookup(ip).ok().and_then(|found| found.decode::<Value>().ok()).flatten() {
                    told.take(&record);
                }
            }
        }
        told.words().unwrap_or_else(|| "unknown".to_owned())
    }
}
