//! `inflate [--threads N] FOLDER…`: decompresses every `.gz` file and nothing else. A thread has one buffer for the file and one for its
//! content, both reused; threads take the next file, the largest first. The floor that ingest is held against.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use libdeflater::Decompressor;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn find(folder: &Path, files: &mut Vec<(u64, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), files)?;
        } else if entry.path().extension().is_some_and(|e| e == "gz") {
            files.push((entry.metadata()?.len(), entry.path()));
        }
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let (mut threads, mut files) = (1, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--threads" {
            threads = arguments.next().ok_or("--threads wants a number")?.parse()?;
        } else {
            find(Path::new(&argument), &mut files)?;
        }
    }
    files.sort_by(|a, b| b.cmp(a));
    let (next, raw) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<(), Failure> {
        let (mut packed, mut content, mut decompressor) = (Vec::new(), Vec::new(), Decompressor::new());
        while let Some((size, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let size = usize::try_from(*size)?;
            packed.clear();
            File::open(path)?.read_to_end(&mut packed)?;
            if packed.len() != size || size < 18 {
                return Err(format!("{}: no gzip file of {size} bytes", path.display()).into());
            }
            // The last four bytes are the content's length.
            let mut length = [0; 4];
            length.copy_from_slice(&packed[size - 4..]);
            let length = u32::from_le_bytes(length) as usize;
            if content.len() < length {
                content.resize(length, 0);
            }
            let got = decompressor.gzip_decompress(&packed, &mut content[..length]).map_err(|e| format!("{}: {e}", path.display()))?;
            raw.fetch_add(got as u64, Ordering::Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|r| r.join().map_err(|_| "a thread stopped")?)
    })?;
    println!("{}", raw.into_inner());
    Ok(())
}
