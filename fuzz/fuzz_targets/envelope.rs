//! A file of any content is taken apart, left alone or rejected: no panic, and the parts that are lent are the file's own.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::envelope(bytes));
