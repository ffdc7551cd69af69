//! trailtrim reads a night's audit logs and the permissions that were granted, and says, with proof, which of
//! those permissions can go. `ARCHITECTURE.md` draws the rooms; `run` names all stages in order.

pub mod aws;
pub mod policy;
pub mod usage;
