//! t

pub mod aws;
pub mod config;
pub mod policy;
pub mod reference;
pub mod usage;
