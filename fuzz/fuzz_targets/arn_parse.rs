//! An ARN that is accepted is its six parts put together, and everything said of it fits them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::arn_parse(bytes));
