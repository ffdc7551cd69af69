//! SIGINT and SIGTERM: the run says that it was stopped and what holds, and ends with 130 or 143. Nothing has to be put right:
//! whatever is half done has no name yet (docs/threats.md).

/// Watches for signals from now on.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            use std::io::Write as _;
            // A reader that went away is no reason to go on.
            let _ = writeln!(
                std::io::stderr(),
                "trailtrim: stopped by {name}; the state folder keeps every batch that was finished, the output folder is that of the last finished run: \
                 the same command goes on from there"
            );
            // At once: other threads are at work, and no destructor of theirs is needed.
            signal_hook::low_level::exit(128 + signal);
        }
    });
}

/// Watches for signals from now on.
#[cfg(not(unix))]
pub fn watch() {}
