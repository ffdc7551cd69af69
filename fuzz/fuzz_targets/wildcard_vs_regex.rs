//! Every wildcard matcher says what a regular expression made from the same pattern says.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::wildcard_vs_regex(bytes));
