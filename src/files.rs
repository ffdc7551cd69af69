//! Files on disk, carefully: what is written is there as a whole or not at all and is nobody else's to read; what is read is a plain
//! file that stayed the same while it was read.
//!
//! A state folder and an output folder name everybody's rights: files are made with mode 0600, folders with 0700, unless the
//! configuration opens them ([`share_with`]). The process's umask holds as well.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Whoever runs the program: 0600 and 0700.
    #[default]
    Owner,
    /// The group too: 0640 and 0750.
    Group,
    /// Everybody: 0644 and 0755.
    Everyone,
}

/// The access of what is written from now on: the place in [`MODES`].
static ACCESS: AtomicU8 = AtomicU8::new(0);

/// Mode of a file, for each access; a folder's has the bits to enter it too.
const MODES: [u32; 3] = [0o600, 0o640, 0o644];

/// Sets who may read what this process writes from now on.
pub fn share_with(access: Access) {
    let place = match access {
        Access::Owner => 0,
        Access::Group => 1,
        Access::Everyone => 2,
    };
    ACCESS.store(place, Ordering::Relaxed);
}

#[cfg(unix)]
fn file_mode() -> u32 {
    MODES.get(usize::from(ACCESS.load(Ordering::Relaxed))).copied().unwrap_or(0o600)
}

/// Makes a folder and those above it that are not there.
///
/// # Errors
/// The file system's.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        let mode = file_mode();
        builder.mode(mode | (mode & 0o444) >> 2);
    }
    builder.create(path)
}

fn to_write() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(file_mode());
    }
    options
}

/// For what nobody else may ever read.
fn to_write_secretly() -> std::fs::OpenOptions {
    let mut options = to_write();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Makes a file, empty, or empties it.
///
/// # Errors
/// The file system's.
pub fn create(path: &Path) -> io::Result<File> {
    to_write().truncate(true).open(path)
}

/// Opens a file to read and write, and makes it if it is not there.
///
/// # Errors
/// The file system's.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    to_write().read(true).truncate(false).open(path)
}

/// Writes a file by way of a temporary one beside it, whose name ends in `ending`, so that it is there whole or not at all, also
/// after a power cut. Folders above it are made.
///
/// # Errors
/// The file system's; the temporary file is taken away.
pub fn put(path: &Path, bytes: &[u8], ending: &str) -> io::Result<()> {
    put_with(&to_write(), path, bytes, ending)
}

/// Writes a file as [`put`] does, and for its owner alone, whoever may read the rest.
///
/// # Errors
/// The file system's; the temporary file is taken away.
pub fn put_secret(path: &Path, bytes: &[u8], ending: &str) -> io::Result<()> {
    put_with(&to_write_secretly(), path, bytes, ending)
}

fn put_with(options: &std::fs::OpenOptions, path: &Path, bytes: &[u8], ending: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    let fresh = path.with_file_name(name);
    let write = || {
        let mut file = options.clone().truncate(true).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&fresh);
    })
}

/// What tells whether a file is still the same.
#[cfg(unix)]
fn identity(meta: &std::fs::Metadata) -> (u64, u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (meta.dev(), meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec())
}

/// What tells whether a file is still the same.
#[cfg(not(unix))]
fn identity(meta: &std::fs::Metadata) -> (u64, Option<std::time::SystemTime>) {
    (meta.len(), meta.modified().ok())
}

/// Opens a plain file to read. What is none, such as a pipe, is refused and never waited for.
///
/// # Errors
/// The file system's.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // A pipe or a device that took the file's place since it was listed must not stop the run.
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0));
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("no plain file any more")) }
}

/// All bytes of a plain file, if it stays the same while they are read.
///
/// # Errors
/// The file system's; that the file changed.
pub fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_whole_into(path, &mut bytes).map(|()| bytes)
}

/// The same into a buffer, in the place of what it held.
///
/// # Errors
/// As [`read_whole`]; the buffer holds anything then.
pub fn read_whole_into(path: &Path, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut file = open_plain(path)?;
    let before = file.metadata()?;
    bytes.clear();
    bytes.reserve(usize::try_from(before.len()).unwrap_or(0).min(1 << 30));
    file.read_to_end(bytes)?;
    let is_same = |meta: std::fs::Metadata| identity(&meta) == identity(&before);
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|n| n == before.len());
    // Also by its name: another file may have been put in its place.
    if is_whole && is_same(file.metadata()?) && std::fs::metadata(path).is_ok_and(is_same) {
        return Ok(());
    }
    Err(io::Error::other("it changed while it was read"))
}

/// Takes a file's or folder's place for another of the same file system and leaves that one under the first's name; the moment
/// between is never seen where the system can do both at once (Linux).
///
/// # Errors
/// The file system's.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let mut name = other.file_name().unwrap_or_default().to_os_string();
    name.push(".old");
    let aside = one.with_file_name(name);
    std::fs::rename(other, &aside)?;
    std::fs::rename(one, other).or_else(|e| std::fs::rename(&aside, other).and(Err(e)))?;
    std::fs::rename(&aside, one)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_the_owners() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/c.json");
        put(&file, b"{}", ".new").unwrap();
        assert_eq!((mode(&folder.path().join("a")), mode(file.parent().unwrap()), mode(&file)), (0o700, 0o700, 0o600));
        put(&file, b"[]", ".new").unwrap();
        assert_eq!(read_whole(&file).unwrap(), b"[]");
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        open_or_create(&file).unwrap();
        assert_eq!(read_whole(&file).unwrap(), b"[]", "opening empties nothing");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        assert!(put(&taken, b"x", ".new").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(read_whole(&pipe).is_err());
        assert!(read_whole(Path::new("/dev/zero")).is_err());
        assert!(read_whole(folder.path()).is_err());
    }

    #[test]
    fn a_file_that_grows_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = File::options().append(true).open(&path).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    file.write_all(b"more").unwrap();
                }
            });
            let refused = (0..200).filter(|_| read_whole(&path).is_err_and(|e| e.to_string().contains("changed"))).count();
            stop.store(true, Ordering::Relaxed);
            assert!(refused > 0);
        });
        assert!(read_whole(&path).is_ok(), "once it rests it is read");
    }

    #[test]
    fn folders_change_places() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        put(&one.join("a"), b"1", ".new").unwrap();
        put(&other.join("b"), b"2", ".new").unwrap();
        exchange(&one, &other).unwrap();
        assert!(one.join("b").exists() && other.join("a").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
