//! Package files as folders: a Python wheel is a zip, an npm package a gzipped tar.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::ImportError;
use crate::reference::bundle::{SourcePackage, sha256_hex};

/// An opened package: its JSON entries in memory.
pub struct Package {
    /// File name, for messages.
    pub file: String,
    /// `pypi:name` or `npm:name`.
    pub name: String,
    version: String,
    licence: String,
    sha256: String,
    entries: BTreeMap<String, Vec<u8>>,
}

fn wanted(name: &str) -> bool {
    name.ends_with(".json") || name.ends_with("service-2.json.gz") || name.ends_with(".dist-info/METADATA")
}

impl Package {
    /// Opens a package, recognised by its first bytes.
    pub fn open(path: &Path) -> Result<Package, ImportError> {
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let read = |source| ImportError::Read { file: file.clone(), source };
        let bad = |problem: String| ImportError::Package { file: file.clone(), problem };
        let bytes = std::fs::read(path).map_err(read)?;
        let sha256 = sha256_hex(&bytes);
        let mut entries = BTreeMap::new();
        if bytes.starts_with(b"PK") {
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|e| bad(e.to_string()))?;
            for at in 0..zip.len() {
                let mut entry = zip.by_index(at).map_err(|e| bad(e.to_string()))?;
                let name = entry.name().map_err(|e| bad(e.to_string()))?.into_owned();
                if wanted(&name) {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).map_err(read)?;
                    entries.insert(name, content);
                }
            }
        } else if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
            for entry in tar.entries().map_err(read)? {
                let mut entry = entry.map_err(read)?;
                let name = entry.path().map_err(read)?.to_string_lossy().into_owned();
                if wanted(&name) {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).map_err(read)?;
                    entries.insert(name, content);
                }
            }
        } else {
            return Err(bad("neither a wheel nor an npm package".to_owned()));
        }
        let (name, version, licence) = identity(&entries).ok_or_else(|| bad("does not name itself".to_owned()))?;
        Ok(Package { file, name, version, licence, sha256, entries })
    }

    /// What the bundle's header says of this package.
    pub fn source(&self) -> SourcePackage {
        SourcePackage {
            name: self.name.clone(),
            version: self.version.clone(),
            licence: self.licence.clone(),
            sha256: self.sha256.clone(),
        }
    }

    /// Entries whose path starts so, in order.
    pub fn entries_under(&self, start: &str) -> Vec<String> {
        self.entries.keys().filter(|k| k.starts_with(start)).cloned().collect()
    }

    /// One entry as JSON, decompressed if its name ends in `.gz`.
    pub fn json<T: DeserializeOwned>(&self, entry: &str) -> Result<T, ImportError> {
        let bytes = self
            .entries
            .get(entry)
            .ok_or_else(|| ImportError::Package { file: self.file.clone(), problem: format!("has no entry `{entry}`") })?;
        let parsed = if entry.ends_with(".gz") {
            serde_json::from_reader(flate2::read::GzDecoder::new(bytes.as_slice()))
        } else {
            serde_json::from_slice(bytes)
        };
        parsed.map_err(|source| ImportError::Entry { file: self.file.clone(), entry: entry.to_owned(), source })
    }
}

/// Name, version and licence as the package's own metadata gives them.
fn identity(entries: &BTreeMap<String, Vec<u8>>) -> Option<(String, String, String)> {
    if let Some(bytes) = entries.get("package/package.json") {
        let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let text = |key: &str| json.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        return Some((format!("npm:{}", text("name")?), text("version")?, text("license").unwrap_or_else(|| "not stated".into())));
    }
    let (_, metadata) = entries.iter().find(|(k, _)| k.ends_with(".dist-info/METADATA"))?;
    let metadata = String::from_utf8_lossy(metadata);
    let field = |name: &str| metadata.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned());
    let classifier = metadata.lines().find_map(|l| l.strip_prefix("Classifier: License :: OSI Approved :: ")).map(str::to_owned);
    let licence = field("License-Expression: ").or(classifier).or_else(|| field("License: ")).unwrap_or_else(|| "not stated".into());
    Some((format!("pypi:{}", field("Name: ")?.replace('-', "_")), field("Version: ")?, licence))
}
