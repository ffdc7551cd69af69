//! `generate OUT [--events N] [--seed S] [--files-per-million F] [--ndjson]`: writes a trail's files below OUT and prints what they hold,
//! as one line of JSON. `--ndjson` writes one record a line instead of `{"Records":[…]}`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;
use trails::event::record;
use trails::plan::Plan;
use trails::world::World;

struct Options {
    out: PathBuf,
    events: u64,
    seed: u64,
    files_per_million: u64,
    ndjson: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options { out: PathBuf::new(), events: 1_000_000, seed: 1, files_per_million: 340, ndjson: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.replace('_', "").parse().ok()).ok_or(format!("{argument} wants a number"));
        match argument.as_str() {
            "--events" => options.events = number()?,
            "--seed" => options.seed = number()?,
            "--files-per-million" => options.files_per_million = number()?,
            "--ndjson" => options.ndjson = true,
            path if !path.starts_with('-') && options.out.as_os_str().is_empty() => options.out = path.into(),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    if options.out.as_os_str().is_empty() || options.events == 0 {
        return Err("usage: generate OUT [--events N] [--seed S] [--files-per-million F] [--ndjson]".to_owned());
    }
    Ok(options)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let world = World::new(options.seed)?;
    let files = (options.events * options.files_per_million).div_ceil(1_000_000);
    let plan = Plan::new(&world, options.events, files);
    let (raw, packed) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut order: Vec<usize> = (0..plan.files.len()).collect();
    order.sort_by_key(|f| std::cmp::Reverse(plan.files[*f].events));
    // One at a time, the largest first: the buffers of a thread are reused.
    order.into_par_iter().with_max_len(1).try_for_each_init(
        || (Vec::new(), Vec::new(), Compressor::new(CompressionLvl::new(6).unwrap_or_default())),
        |(text, gzip, compressor), file| -> Result<(), String> {
            text.clear();
            text.extend_from_slice(if options.ndjson { b"" } else { b"{\"Records\":[" });
            for place in 0..plan.files[file].events {
                if place > 0 && !options.ndjson {
                    text.push(b',');
                }
                record(text, &world, &plan, file, place);
                if options.ndjson {
                    text.push(b'\n');
                }
            }
            text.extend_from_slice(if options.ndjson { b"" } else { b"]}" });
            gzip.resize(compressor.gzip_compress_bound(text.len()), 0);
            let size = compressor.gzip_compress(text, gzip).map_err(|e| e.to_string())?;
            let path = options.out.join(plan.path(&world, file));
            let folder = path.parent().unwrap_or(&options.out);
            std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &gzip[..size])).map_err(|e| format!("{}: {e}", path.display()))?;
            raw.fetch_add(text.len() as u64, Ordering::Relaxed);
            packed.fetch_add(size as u64, Ordering::Relaxed);
            Ok(())
        },
    )?;
    let events: u64 = plan.files.iter().map(|f| f.events).sum();
    println!(
        "{{\"events\":{events},\"distinct\":{},\"files\":{},\"largest\":{},\"raw_bytes\":{},\"gzip_bytes\":{},\"seed\":{}}}",
        plan.distinct(world.seed),
        plan.files.len(),
        plan.files.iter().map(|f| f.events).max().unwrap_or(0),
        raw.into_inner(),
        packed.into_inner(),
        options.seed,
    );
    Ok(())
}
