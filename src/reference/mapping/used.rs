//! Which rows of the exceptions table took part, for the test that wants an event for every row. In the program itself
//! nothing is noted.

#[cfg(test)]
thread_local! {
    static ROWS: std::cell::RefCell<std::collections::BTreeSet<usize>> = const { std::cell::RefCell::new(std::collections::BTreeSet::new()) };
}

/// Notes that a row, by its number, took part.
#[inline]
pub fn note(row: usize) {
    #[cfg(test)]
    ROWS.with_borrow_mut(|rows| rows.insert(row));
    #[cfg(not(test))]
    let _ = row;
}

/// The rows that took part on this thread since the last call.
#[cfg(test)]
pub fn take() -> std::collections::BTreeSet<usize> {
    ROWS.with_borrow_mut(std::mem::take)
}
