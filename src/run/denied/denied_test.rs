//! Causes, clusters, changes and verdicts on a small organisation of our own.
