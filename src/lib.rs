//! trailtrim reads a night's audit logs and the permissions that were granted, and says, with proof, which of
//! those permissions can go. `ARCHITECTURE.md` draws the rooms; `run` names all stages in order.

pub mod aws;
pub mod blast;
pub mod cli;
pub mod commands;
pub mod config;
pub mod evaluate;
pub mod event;
pub mod external;
pub mod files;
pub mod grants;
pub mod ingest;
pub mod lint;
pub mod params;
pub mod policy;
pub mod progress;
pub mod prove;
pub mod redact;
pub mod reduce;
pub mod reference;
pub mod report;
pub mod run;
pub mod scan;
pub mod signals;
pub mod usage;
