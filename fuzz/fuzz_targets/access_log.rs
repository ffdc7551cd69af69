//! A line of an access log gives one record that says what the line says, whatever the caller wrote into it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::access_log(bytes));
