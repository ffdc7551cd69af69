//! The columns of a finding that only its report has. Findings of one report share the columns' names.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::report::sql::Cell;

/// A finding's own columns, in the report's order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Details {
    columns: Arc<[String]>,
    cells: Box<[Cell]>,
}

impl Details {
    /// Of a report's columns and as many cells.
    #[must_use]
    pub fn new(columns: &Arc<[String]>, cells: Box<[Cell]>) -> Details {
        Details { columns: Arc::clone(columns), cells }
    }

    /// Names and cells.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Cell)> {
        self.columns.iter().map(String::as_str).zip(&self.cells)
    }

    /// A column's cell, where it has a value.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Cell> {
        self.iter().find(|(name, cell)| *name == column && **cell != Cell::Null).map(|(_, cell)| cell)
    }

    /// Changes the cells, all of them together: there are as many afterwards.
    pub fn change(&mut self, change: impl FnOnce(&mut [Cell])) {
        change(&mut self.cells);
    }

    /// All columns as JSON, absent values too.
    #[must_use]
    pub fn json(&self) -> Map<String, Value> {
        self.iter().map(|(name, cell)| (name.to_owned(), cell.json())).collect()
    }
}

impl FromIterator<(String, Cell)> for Details {
    fn from_iter<I: IntoIterator<Item = (String, Cell)>>(all: I) -> Details {
        let (columns, cells): (Vec<String>, Vec<Cell>) = all.into_iter().unzip();
        Details { columns: columns.into(), cells: cells.into() }
    }
}
