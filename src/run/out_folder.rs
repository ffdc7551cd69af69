//! The output folder: another one is filled beside it and then takes its place, so that a reader sees the last night whole or this
//! one. The folder beside it is this run's alone, and is claimed before any work is done: what cannot be written is said at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::RunError;
use crate::files;
use crate::ingest::IngestError;

/// The name of the file that marks a folder as ours: only such a folder is ever replaced.
pub const MARK: &str = "run.json";

/// The folder that is filled before it takes the place of the old one. If it never does, it is taken away.
pub struct OutFolder {
    path: PathBuf,
    out: PathBuf,
    /// Held while the folder is ours.
    _lock: Option<File>,
}

/// An error that names a file.
pub fn failed(path: &Path) -> impl FnOnce(io::Error) -> RunError + use<> {
    let path = path.to_path_buf();
    move |source| RunError::Write { path, source }
}

/// Whether the folder may be replaced: it is not there, is empty, or an earlier run wrote it.
fn is_ours(out: &Path) -> Result<(), RunError> {
    match std::fs::read_dir(out) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(out)(e)),
        Ok(mut entries) => {
            // What cannot be written cannot be taken away later either.
            #[cfg(unix)]
            rustix::fs::access(out, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).map_err(|e| failed(out)(e.into()))?;
            if entries.next().is_none() || out.join(MARK).exists() {
                return Ok(());
            }
            Err(failed(out)(io::Error::other("the folder holds other files than an earlier run's; name another --out")))
        }
    }
}

/// Whether a path still names the folder that was opened.
#[cfg(unix)]
fn is_still(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    Ok(std::fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())))
}

/// Locks a folder; `None` where it is not the folder of that name any more.
#[cfg(unix)]
fn lock(path: &Path) -> Result<Option<File>, RunError> {
    let folder = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed(path))?,
    };
    match folder.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(IngestError::LockHeld { what: "output", holder: format!("it writes `{}`", path.display()) }.into());
        }
        Err(std::fs::TryLockError::Error(e)) => return Err(failed(path)(e)),
    }
    Ok(is_still(path, &folder).map_err(failed(path))?.then_some(folder))
}

#[cfg(not(unix))]
fn lock(_: &Path) -> Result<Option<File>, RunError> {
    Ok(None)
}

impl OutFolder {
    /// An empty folder beside the output folder, by a name that nobody gives to folders: what a killed run left there is taken away.
    ///
    /// # Errors
    /// [`RunError::Write`] if it cannot be written, or the output folder is not ours to replace; that another run writes there.
    pub fn claim(out: &Path) -> Result<OutFolder, RunError> {
        // `a/..` has no name of its own, and a folder that is named by a link is the one that it leads to.
        let out = &match std::fs::canonicalize(out) {
            Ok(real) => real,
            Err(_) => std::path::absolute(out).map_err(failed(out))?,
        };
        is_ours(out)?;
        let Some(name) = out.file_name() else {
            return Err(failed(out)(io::Error::other("no name for an output folder")));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".trailtrim-new");
        let path = out.with_file_name(hidden);
        // A folder of that name may just be taking the other's place.
        for _ in 0..10 {
            files::create_dir_all(&path).map_err(failed(&path))?;
            let held = lock(&path)?;
            if held.is_none() && cfg!(unix) {
                continue;
            }
            for entry in std::fs::read_dir(&path).map_err(failed(&path))? {
                let entry = entry.map_err(failed(&path))?;
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let at = entry.path();
                if is_folder { std::fs::remove_dir_all(&at) } else { std::fs::remove_file(&at) }.map_err(failed(&at))?;
            }
            return Ok(OutFolder { path, out: out.clone(), _lock: held });
        }
        Err(IngestError::LockHeld { what: "output", holder: format!("it writes `{}`", path.display()) }.into())
    }

    /// Where it is filled.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of the output folder.
    ///
    /// # Errors
    /// [`RunError::Write`]; then the old folder is still there.
    pub fn publish(self) -> Result<(), RunError> {
        is_ours(&self.out)?;
        if self.out.exists() {
            files::exchange(&self.path, &self.out).map_err(failed(&self.out))?;
            // The old one, which has the hidden name now, goes as this value does.
            return Ok(());
        }
        std::fs::rename(&self.path, &self.out).map_err(failed(&self.out))
    }
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn write(folder: &OutFolder, text: &str) {
        std::fs::write(folder.path().join(MARK), text).unwrap();
    }

    #[test]
    fn a_run_that_fails_leaves_the_last_night() {
        let base = tempfile::tempdir().unwrap();
        let out = base.path().join("out");
        let first = OutFolder::claim(&out).unwrap();
        write(&first, "first");
        first.publish().unwrap();
        assert_eq!(names(base.path()), ["out"]);
        let second = OutFolder::claim(&out).unwrap();
        write(&second, "second");
        assert_eq!(std::fs::read_to_string(out.join(MARK)).unwrap(), "first");
        drop(second);
        assert_eq!((names(base.path()), std::fs::read_to_string(out.join(MARK)).unwrap()), (vec!["out".to_owned()], "first".to_owned()));
        let third = OutFolder::claim(&out).unwrap();
        write(&third, "third");
        third.publish().unwrap();
        assert_eq!((names(base.path()), std::fs::read_to_string(out.join(MARK)).unwrap()), (vec!["out".to_owned()], "third".to_owned()));
    }

    #[test]
    fn two_runs_do_not_share_it() {
        let base = tempfile::tempdir().unwrap();
        let out = base.path().join("out");
        let first = OutFolder::claim(&out).unwrap();
        assert_eq!(OutFolder::claim(&out).err().map(|e| e.exit_code()), Some(5));
        write(&first, "first");
        first.publish().unwrap();
        drop(OutFolder::claim(&out).unwrap());
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_others_have_is_not() {
        let base = tempfile::tempdir().unwrap();
        let out = base.path().join("out");
        let left = base.path().join(".out.trailtrim-new");
        std::fs::create_dir_all(left.join("tables")).unwrap();
        std::fs::write(left.join("tables/half.csv"), "half").unwrap();
        std::fs::create_dir(base.path().join("out.new")).unwrap();
        let folder = OutFolder::claim(&out).unwrap();
        assert!(names(folder.path()).is_empty());
        drop(folder);
        assert_eq!(names(base.path()), ["out.new"], "a folder that only looks like ours is somebody's");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("thesis.txt"), "years").unwrap();
        assert!(OutFolder::claim(&out).is_err_and(|e| e.to_string().contains("name another --out")));
        std::fs::write(base.path().join("file"), "").unwrap();
        assert!(OutFolder::claim(&base.path().join("file")).is_err());
        assert_eq!(names(base.path()), ["file", "out", "out.new"], "nothing is left by a claim that failed");
    }
}
