//! The engine and the oracle decide a random case alike, with the same reasons.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::evaluate_vs_oracle(bytes));
