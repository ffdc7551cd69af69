//! x
pub fn touch() { let _ = polars::prelude::DataFrame::default(); let _ = polars::sql::SQLContext::new(); }
