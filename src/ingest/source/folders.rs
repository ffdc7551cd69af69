//! Files and folders on disk. Links below what was given are not followed, and nothing but plain files is opened: an input tree
//! may be written by others. What cannot be read is named and counted.

use std::io;
use std::path::Path;

use super::{Collector, Origin, slashes};
use crate::ingest::IngestError;

/// What is no plain file.
const NO_FILE: &str = "a link or a device, not a file";

/// Takes a file, or all files of a folder; names are told from `base` on.
///
/// # Errors
/// [`IngestError::Logs`] when it cannot be read, unless it was only listed.
pub fn walk(root: &Path, base: &Path, listed: bool, all: &mut Collector<'_>) -> Result<(), IngestError> {
    let fail = |source| IngestError::Logs { path: root.to_path_buf(), source };
    let name = |path: &Path| slashes(path.strip_prefix(base).unwrap_or(path)).trim_start_matches("./").to_owned();
    // Not by way of the current folder as it is written: a name must not depend on where the program runs.
    let place = |path: &Path| std::path::absolute(path).map_err(fail);
    // A link is followed only if it was given by itself.
    let meta = if listed { std::fs::symlink_metadata(root) } else { std::fs::metadata(root) };
    match meta {
        Err(source) if !listed => return Err(fail(source)),
        Err(e) => {
            all.add(name(root), place(root)?, 0, Origin::Closed(root.to_path_buf(), e.kind().to_string()));
            return Ok(());
        }
        Ok(meta) if meta.is_file() => {
            all.add(name(root), place(root)?, meta.len(), Origin::File(root.to_path_buf()));
            return Ok(());
        }
        Ok(meta) if !meta.is_dir() => {
            all.ignored.push((name(root), NO_FILE.to_owned()));
            return Ok(());
        }
        Ok(_) => {}
    }
    for entry in walkdir::WalkDir::new(root).follow_root_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let kind = e.io_error().map_or(io::ErrorKind::Other, io::Error::kind);
                let (path, is_root) = (e.path().unwrap_or(root).to_path_buf(), e.depth() == 0);
                if is_root && !listed {
                    return Err(fail(e.into_io_error().unwrap_or_else(|| io::Error::other("loop of links"))));
                }
                all.add(name(&path), place(&path)?, 0, Origin::Closed(path, kind.to_string()));
                continue;
            }
        };
        if entry.file_type().is_file() {
            let bytes = entry.metadata().map_or(0, |m| m.len());
            all.add(name(entry.path()), place(entry.path())?, bytes, Origin::File(entry.into_path()));
        } else if !entry.file_type().is_dir() && entry.depth() > 0 {
            all.ignored.push((name(entry.path()), NO_FILE.to_owned()));
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::super::{Keep, list, why};

    #[test]
    fn nothing_but_files_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.json"), "{}").unwrap();
        std::os::unix::fs::symlink(at("a.json"), at("link.json")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("loop")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe.json")).status().unwrap().success());
        for given in [folder.path().to_path_buf(), at("*"), at("**/*")] {
            let found = list(&[given], &Keep::default()).unwrap();
            assert_eq!(found.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a.json"]);
            assert_eq!(found.ignored.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["link.json", "loop", "pipe.json", "socket"]);
        }
        let by_itself = |name: &str| list(&[at(name)], &Keep::default()).unwrap();
        assert_eq!((by_itself("pipe.json").files.len(), by_itself("pipe.json").ignored.len()), (0, 1));
        assert_eq!(by_itself("link.json").files.len(), 1, "a link that is given by itself is meant");
        assert!(list(&[PathBuf::from("/no/such")], &Keep::default()).is_err());
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named_and_the_rest_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let shut = folder.path().join("shut");
        std::fs::create_dir(&shut).unwrap();
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        std::fs::set_permissions(&shut, Permissions::from_mode(0o000)).unwrap();
        let may_read_all = std::fs::read_dir(&shut).is_ok();
        let found = list(&[folder.path().to_path_buf()], &Keep::default()).unwrap();
        std::fs::set_permissions(&shut, Permissions::from_mode(0o755)).unwrap();
        if may_read_all {
            println!("this user may read everything: nothing checked");
            return;
        }
        assert_eq!(found.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a.json", "shut"]);
        assert_eq!(why(&found.files[1].origin.read().unwrap_err()), "cannot be read: permission denied");
    }
}
