//! A policy document that is accepted comes back the same from its own writing, in every encoding, with the same size.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trailtrim_fuzz::policy_roundtrip(bytes));
