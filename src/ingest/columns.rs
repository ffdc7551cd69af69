//! The rows of a batch as columns of numbers. Every text of a batch stands once in one place, and a row has its number:
//! a night has hundreds of millions of texts, and few different ones.

use std::ops::Range;

use hashbrown::HashTable;

use crate::event::{Cell, Kind, Row};

/// The number of a text that is not there.
const NONE: u32 = 0;

/// What the numbers of texts have that are not expected again: they lie by themselves, so that the others lie close together.
const ALONE: u32 = 1 << 31;

/// Texts one after the other.
#[derive(Default)]
struct Pile {
    bytes: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl Pile {
    /// Where the text of a place lies; places begin with 1.
    fn range(&self, place: u32) -> Range<usize> {
        let at = place as usize;
        let start = at.checked_sub(2).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = at.checked_sub(1).and_then(|this| self.ends.get(this)).copied().unwrap_or(0);
        start..end
    }

    /// Puts a text on top; its place.
    fn add(&mut self, text: &str) -> u32 {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        u32::try_from(self.ends.len()).ok().filter(|place| *place < ALONE).unwrap_or(NONE)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Where a text of the shared pile lies.
struct Lies {
    start: usize,
    length: u32,
    number: u32,
}

impl Lies {
    fn text<'t>(&self, bytes: &'t str) -> &'t str {
        bytes.get(self.start..self.start + self.length as usize).unwrap_or("")
    }
}

/// The texts of a batch.
#[derive(Default)]
pub struct Texts {
    shared: Pile,
    alone: Pile,
    known: HashTable<Lies>,
    /// Drawn anew for every batch: the texts are the callers' own, who must not choose where they fall.
    hasher: foldhash::fast::RandomState,
    /// How often all were forgotten.
    age: u64,
}

impl Texts {
    /// The text of a number; `None` for the number of no text.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&str> {
        let (pile, place) = self.pile(number);
        (number != NONE).then(|| pile.bytes.get(pile.range(place)).unwrap_or(""))
    }

    /// The bytes of the text of a number; none for the number of no text.
    #[must_use]
    pub fn bytes(&self, number: u32) -> &[u8] {
        let (pile, place) = self.pile(number);
        pile.bytes.as_bytes().get(pile.range(place)).unwrap_or_default()
    }

    fn pile(&self, number: u32) -> (&Pile, u32) {
        if number & ALONE == 0 { (&self.shared, number) } else { (&self.alone, number & !ALONE) }
    }

    /// Forgets all texts, but not the room that they took.
    pub fn clear(&mut self) {
        self.shared.clear();
        self.alone.clear();
        self.known.clear();
        self.age += 1;
    }

    /// Changes when all texts are forgotten: numbers of another age are of no use.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }

    /// How many different texts [`Texts::number`] gave a number: from 1 to this.
    #[must_use]
    pub fn numbered(&self) -> usize {
        self.shared.ends.len()
    }

    /// A number for a text that is not expected again.
    pub fn add(&mut self, text: &str) -> u32 {
        match self.alone.add(text) {
            NONE => NONE,
            place => place | ALONE,
        }
    }

    /// The number of a text.
    pub fn number(&mut self, text: &str) -> u32 {
        use std::hash::BuildHasher as _;
        let hash = self.hasher.hash_one(text);
        let bytes = &self.shared.bytes;
        if let Some(found) = self.known.find(hash, |lies| lies.text(bytes) == text) {
            return found.number;
        }
        let Ok(length) = u32::try_from(text.len()) else { return self.add(text) };
        let start = self.shared.bytes.len();
        let number = self.shared.add(text);
        let (bytes, hasher) = (&self.shared.bytes, &self.hasher);
        self.known.insert_unique(hash, Lies { start, length, number }, |lies| hasher.hash_one(lies.text(bytes)));
        number
    }
}

/// One column.
#[derive(Clone, Debug)]
pub enum Column {
    /// Numbers of texts.
    Texts(Vec<u32>),
    /// Integers.
    Ints(Vec<Option<i64>>),
    /// Booleans.
    Bools(Vec<Option<bool>>),
}

/// A value that stands by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A text or NULL.
    Text(Option<String>),
    /// An integer or NULL.
    Int(Option<i64>),
    /// A boolean or NULL.
    Bool(Option<bool>),
}

/// Columns whose texts are different in every row: they are not looked for.
pub const UNIQUE: &[&str] = &["call_key", "document", "event_id", "issued_access_key_id", "replaces", "request_id", "shared_event_id"];

/// The rows of one table.
pub struct Columns {
    names: Vec<&'static str>,
    unique: Vec<bool>,
    /// For each column of texts the last one that was looked for, and where it lies.
    last: Vec<(u32, Range<usize>)>,
    columns: Vec<Column>,
    rows: usize,
}

impl Columns {
    /// Without rows.
    #[must_use]
    pub fn of<R: Row>() -> Columns {
        let column = |kind| match kind {
            Kind::Text => Column::Texts(Vec::new()),
            Kind::BigInt => Column::Ints(Vec::new()),
            Kind::Boolean => Column::Bools(Vec::new()),
        };
        Columns {
            names: R::COLUMNS.iter().map(|c| c.name).collect(),
            unique: R::COLUMNS.iter().map(|c| UNIQUE.contains(&c.name)).collect(),
            last: vec![(NONE, 0..0); R::COLUMNS.len()],
            columns: R::COLUMNS.iter().map(|c| column(c.kind)).collect(),
            rows: 0,
        }
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The columns in the table's order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The place of a column.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| *n == name)
    }

    /// The numbers of a text column; empty for another.
    #[must_use]
    pub fn numbers(&self, name: &str) -> &[u32] {
        match self.place(name).and_then(|at| self.columns.get(at)) {
            Some(Column::Texts(numbers)) => numbers,
            _ => &[],
        }
    }

    /// The values of a column of integers; empty for another.
    #[must_use]
    pub fn ints(&self, name: &str) -> &[Option<i64>] {
        match self.place(name).and_then(|at| self.columns.get(at)) {
            Some(Column::Ints(ints)) => ints,
            _ => &[],
        }
    }

    #[inline]
    fn push_cell(&mut self, at: usize, cell: Cell<'_>, texts: &mut Texts) {
        match (self.columns.get_mut(at), cell) {
            (Some(Column::Texts(numbers)), Cell::Text(None)) => numbers.push(NONE),
            (Some(Column::Texts(numbers)), Cell::Text(Some(text))) => {
                let number = match self.last.get_mut(at) {
                    _ if self.unique.get(at) == Some(&true) => texts.add(text),
                    // Neighbouring rows are much alike.
                    Some((number, range)) if *number != NONE && texts.shared.bytes.as_bytes().get(range.clone()) == Some(text.as_bytes()) => *number,
                    last => {
                        let number = texts.number(text);
                        if let Some(last) = last.filter(|_| number & ALONE == 0) {
                            *last = (number, texts.shared.range(number));
                        }
                        number
                    }
                };
                numbers.push(number);
            }
            (Some(Column::Ints(ints)), Cell::BigInt(int)) => ints.push(int),
            (Some(Column::Bools(bools)), Cell::Boolean(boolean)) => bools.push(boolean),
            _ => {}
        }
    }

    /// Adds a row.
    pub fn push<R: Row>(&mut self, row: &R, texts: &mut Texts) {
        row.cells(|at, cell| self.push_cell(at, cell, texts));
        self.rows += 1;
    }

    /// Adds a row. `places` has for some columns a place in `numbers`; where a number stands there it is that of the row's text.
    pub fn push_known<R: Row>(&mut self, row: &R, texts: &mut Texts, places: &[Option<usize>], numbers: &[Option<u32>]) {
        row.cells(|at, cell| {
            let known = places.get(at).copied().flatten().and_then(|place| numbers.get(place).copied().flatten());
            match (known, self.columns.get_mut(at)) {
                (Some(number), Some(Column::Texts(column))) => column.push(number),
                _ => self.push_cell(at, cell, texts),
            }
        });
        self.rows += 1;
    }

    /// Writes the numbers of the last row into those places.
    pub fn last_numbers(&self, places: &[Option<usize>], numbers: &mut [Option<u32>]) {
        for (column, place) in self.columns.iter().zip(places) {
            if let (Column::Texts(column), Some(number)) = (column, place.and_then(|place| numbers.get_mut(place))) {
                *number = column.last().copied();
            }
        }
    }

    /// Adds a row of which the columns of `shared` (place here, place there) are those of the last row of another table.
    pub fn push_beside<R: Row>(&mut self, row: &R, other: &Columns, shared: &[Option<usize>], texts: &mut Texts) {
        row.cells(|at, cell| match shared.get(at).copied().flatten().and_then(|there| other.columns.get(there)) {
            None => self.push_cell(at, cell, texts),
            Some(there) => match (self.columns.get_mut(at), there) {
                (Some(Column::Texts(numbers)), Column::Texts(there)) => numbers.extend(there.last()),
                (Some(Column::Ints(ints)), Column::Ints(there)) => ints.extend(there.last()),
                (Some(Column::Bools(bools)), Column::Bools(there)) => bools.extend(there.last()),
                _ => {}
            },
        });
        self.rows += 1;
    }

    /// Adds a row of values.
    pub fn push_values(&mut self, row: &[Value], texts: &mut Texts) {
        for (at, value) in row.iter().enumerate() {
            let cell = match value {
                Value::Text(text) => Cell::Text(text.as_deref()),
                Value::Int(int) => Cell::BigInt(*int),
                Value::Bool(boolean) => Cell::Boolean(*boolean),
            };
            self.push_cell(at, cell, texts);
        }
        self.rows += 1;
    }

    /// A row by itself.
    #[must_use]
    pub fn row(&self, at: usize, texts: &Texts) -> Vec<Value> {
        let value = |column: &Column| match column {
            Column::Texts(numbers) => Value::Text(numbers.get(at).and_then(|n| texts.get(*n)).map(str::to_owned)),
            Column::Ints(ints) => Value::Int(ints.get(at).copied().flatten()),
            Column::Bools(bools) => Value::Bool(bools.get(at).copied().flatten()),
        };
        self.columns.iter().map(value).collect()
    }

    /// Takes back all rows but the first ones; without any, the texts may be others from then on.
    pub fn truncate(&mut self, rows: usize) {
        self.last.fill((NONE, 0..0));
        for column in &mut self.columns {
            match column {
                Column::Texts(numbers) => numbers.truncate(rows),
                Column::Ints(ints) => ints.truncate(rows),
                Column::Bools(bools) => bools.truncate(rows),
            }
        }
        self.rows = self.rows.min(rows);
    }
}

/// For each column of a table its place among some names.
#[must_use]
pub fn places<R: Row>(names: &[&str]) -> Vec<Option<usize>> {
    R::COLUMNS.iter().map(|c| names.iter().position(|name| *name == c.name)).collect()
}

/// For each column of a table the place of the same column in another.
#[must_use]
pub fn shared<R: Row, Other: Row>() -> Vec<Option<usize>> {
    R::COLUMNS.iter().map(|c| Other::COLUMNS.iter().position(|o| o.name == c.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{ActionRow, EventRow};

    fn event(id: &str, name: &str) -> EventRow<String> {
        EventRow { event_time_ms: Some(7), event_id: Some(id.to_owned()), event_name: Some(name.to_owned()), read_only: Some(true), ..EventRow::default() }
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let (mut texts, mut events, mut actions) = (Texts::default(), Columns::of::<EventRow>(), Columns::of::<ActionRow>());
        let beside = shared::<ActionRow, EventRow>();
        for id in ["e1", "e2", "e3"] {
            events.push(&event(id, "PutObject"), &mut texts);
            actions.push_beside(&ActionRow { action: Some("s3:PutObject"), ..ActionRow::default() }, &events, &beside, &mut texts);
        }
        let names = events.numbers("event_name");
        assert!(names[0] == names[1] && names[1] == names[2], "the name stands once");
        assert_eq!(events.ints("event_time_ms"), [Some(7); 3]);
        let row = actions.row(1, &texts);
        let text = |name: &str| match &row[actions.place(name).unwrap()] {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((text("event_id").as_deref(), text("event_name").as_deref(), text("action").as_deref()), (Some("e2"), Some("PutObject"), Some("s3:PutObject")));
        assert_eq!(text("resource_arn"), None);
        let mut copy = Columns::of::<ActionRow>();
        copy.push_values(&row, &mut texts);
        assert_eq!(copy.row(0, &texts), row);
        events.truncate(1);
        assert_eq!((events.len(), texts.get(events.numbers("event_id")[0])), (1, Some("e1")));
    }
}
