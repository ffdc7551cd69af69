//! Columns as Parquet has them. Those of texts are made from the batch's numbers: which texts are alike is known by then, so nothing
//! is hashed again (docs/decisions/0023-ingest-speed.md).
//!
//! A column of texts has a dictionary where that is shorter than its texts one after the other, and plain texts else. Source: Parquet
//! format, "Encodings" (PLAIN, RLE_DICTIONARY) and "Data pages".

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::super::columns::{Column, Texts};
use super::{delta, hybrid};

/// The level of zstd for all columns.
pub const LEVEL: i32 = 1;

/// Bytes of a packed id, about.
const ID_BYTES: usize = 24;

/// Rows of a page with a dictionary at most.
const PAGE_ROWS: usize = 1 << 16;

/// A page of plain texts ends with the text that brings it to so many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// A longer dictionary would have to be held by every reader of a single row.
const MOST_DICTIONARY: usize = 8 << 20;

/// What a column has beside its rows.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Its texts are different in every row: no dictionary is tried.
    pub is_unique: bool,
    /// The smallest and the largest text are told.
    pub has_bounds: bool,
}

/// Writes columns, one after the other.
pub struct ColumnWriter<'t> {
    texts: &'t Texts,
    zstd: zstd::bulk::Compressor<'static>,
    /// For each text its place in the column's dictionary, counted from 1.
    places: Vec<u32>,
    /// The texts of the column's dictionary, by their numbers.
    dictionary: Vec<u32>,
    page: Vec<u8>,
    values: Vec<u8>,
}

/// The pages of a column, as they are written.
struct Pages {
    sink: TrackedWrite<Vec<u8>>,
    uncompressed: usize,
    dictionary_at: Option<i64>,
    data_at: Option<i64>,
}

impl<'t> ColumnWriter<'t> {
    /// Columns of these texts.
    ///
    /// # Errors
    /// Where zstd has no memory.
    pub fn new(texts: &'t Texts) -> Result<ColumnWriter<'t>> {
        let zstd = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(ColumnWriter { texts, zstd, places: vec![0; texts.numbered() + 1], dictionary: Vec::new(), page: Vec::new(), values: Vec::new() })
    }

    /// Some rows of a column, as bytes to append to a row group.
    ///
    /// # Errors
    /// Where pages cannot be written.
    pub fn write(&mut self, description: &ColumnDescPtr, column: &Column, rows: &[usize], wanted: Wanted) -> Result<(Bytes, ColumnCloseResult)> {
        let mut pages = Pages { sink: TrackedWrite::new(Vec::with_capacity(rows.len() * if wanted.is_unique { ID_BYTES } else { 4 })), uncompressed: 0, dictionary_at: None, data_at: None };
        let (encoding, bounds) = match column {
            Column::Texts(numbers) => {
                let numbers: Vec<u32> = rows.iter().map(|row| numbers.get(*row).copied().unwrap_or_default()).collect();
                let bounds = wanted.has_bounds.then(|| self.bounds(&numbers));
                (self.text_pages(&numbers, wanted, &mut pages)?, bounds)
            }
            Column::Ints(ints) => {
                let ints: Vec<Option<i64>> = rows.iter().map(|row| ints.get(*row).copied().flatten()).collect();
                let nulls = ints.iter().filter(|i| i.is_none()).count();
                let bounds = || Statistics::int64(ints.iter().flatten().min().copied(), ints.iter().flatten().max().copied(), None, u64::try_from(nulls).ok(), false);
                let bounds = wanted.has_bounds.then(bounds);
                (self.value_pages(&ints, Encoding::DELTA_BINARY_PACKED, delta::write, &mut pages)?, bounds)
            }
            Column::Bools(bools) => {
                let bools: Vec<Option<bool>> = rows.iter().map(|row| bools.get(*row).copied().flatten()).collect();
                (self.value_pages(&bools, Encoding::PLAIN, hybrid::bits, &mut pages)?, None)
            }
        };
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        if encoding != Encoding::PLAIN {
            encodings.push(encoding);
        }
        let mut metadata = ColumnChunkMetaData::builder(description.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            .set_encodings(encodings)
            .set_num_values(i64::try_from(rows.len())?)
            .set_total_compressed_size(i64::try_from(pages.sink.bytes_written())?)
            .set_total_uncompressed_size(i64::try_from(pages.uncompressed)?)
            .set_data_page_offset(pages.data_at.unwrap_or_default())
            .set_dictionary_page_offset(pages.dictionary_at);
        if let Some(bounds) = bounds {
            metadata = metadata.set_statistics(bounds);
        }
        let bytes = Bytes::from(pages.sink.into_inner()?);
        let close = ColumnCloseResult {
            bytes_written: u64::try_from(bytes.len())?,
            rows_written: u64::try_from(rows.len())?,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes, close))
    }

    /// The pages of a column of texts with these numbers (0: NULL).
    fn text_pages(&mut self, numbers: &[u32], wanted: Wanted, pages: &mut Pages) -> Result<Encoding> {
        match if wanted.is_unique { None } else { self.indices(numbers) } {
            Some(indices) => {
                self.dictionary_pages(numbers, &indices, pages)?;
                Ok(Encoding::RLE_DICTIONARY)
            }
            None => {
                self.plain_pages(numbers, pages)?;
                Ok(Encoding::PLAIN)
            }
        }
    }

    /// The pages of a column of other values, which `write` packs.
    fn value_pages<T: Copy>(&mut self, values: &[Option<T>], encoding: Encoding, write: impl Fn(&[T], &mut Vec<u8>), pages: &mut Pages) -> Result<Encoding> {
        let mut page = std::mem::take(&mut self.page);
        for rows in values.chunks(PAGE_ROWS) {
            let own: Vec<T> = rows.iter().flatten().copied().collect();
            levels(rows, Option::is_some, &mut page)?;
            write(&own, &mut page);
            self.add(&page, pages, |buf| data_page(buf, rows.len(), encoding))?;
        }
        self.page = page;
        Ok(encoding)
    }

    fn text(&self, number: u32) -> &'t [u8] {
        self.texts.bytes(number)
    }

    /// For each row that is not NULL the place of its text in the dictionary, which is made here; `None` where plain texts are
    /// shorter.
    fn indices(&mut self, numbers: &[u32]) -> Option<Vec<u32>> {
        self.dictionary.clear();
        if numbers.iter().all(|n| *n == 0) {
            return None;
        }
        let mut indices = Vec::with_capacity(numbers.len());
        let (mut plain, mut own, mut is_whole) = (0, 0, true);
        // The row before: its number, the length of its text, its place.
        let mut before = (0, 0, 0);
        for number in numbers.iter().filter(|n| **n != 0) {
            if *number != before.0 {
                let Some(place) = self.places.get_mut(*number as usize) else {
                    // A text that has no number of its own.
                    is_whole = false;
                    break;
                };
                let length = self.texts.bytes(*number).len() + 4;
                if *place == 0 {
                    own += length;
                    self.dictionary.push(*number);
                    *place = u32::try_from(self.dictionary.len()).unwrap_or_default();
                }
                before = (*number, length, place.wrapping_sub(1));
            }
            plain += before.1;
            indices.push(before.2);
        }
        for number in &self.dictionary {
            if let Some(place) = self.places.get_mut(*number as usize) {
                *place = 0;
            }
        }
        let bits = self.bits() as usize;
        (is_whole && own + indices.len() * bits / 8 <= plain && own <= MOST_DICTIONARY).then_some(indices)
    }

    /// Bits of a place in the dictionary.
    fn bits(&self) -> u32 {
        hybrid::bits_of(u32::try_from(self.dictionary.len()).unwrap_or_default().saturating_sub(1))
    }

    fn dictionary_pages(&mut self, numbers: &[u32], indices: &[u32], pages: &mut Pages) -> Result<()> {
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        self.dictionary.iter().try_for_each(|number| plain(self.text(*number), &mut page))?;
        let num_values = u32::try_from(self.dictionary.len())?;
        self.add(&page, pages, |buf| Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false })?;
        let bits = self.bits();
        let mut rest = indices;
        for rows in numbers.chunks(PAGE_ROWS) {
            let present = levels(rows, |n| *n != 0, &mut page)?;
            let (own, behind) = rest.split_at_checked(present).unwrap_or((rest, &[]));
            rest = behind;
            page.push(u8::try_from(bits)?);
            hybrid::write(own, bits, &mut page);
            self.add(&page, pages, |buf| data_page(buf, rows.len(), Encoding::RLE_DICTIONARY))?;
        }
        self.page = page;
        Ok(())
    }

    fn plain_pages(&mut self, numbers: &[u32], pages: &mut Pages) -> Result<()> {
        let mut page = std::mem::take(&mut self.page);
        let mut values = std::mem::take(&mut self.values);
        let mut rest = numbers;
        while !rest.is_empty() {
            values.clear();
            let mut taken = 0;
            for number in rest {
                taken += 1;
                if *number != 0 {
                    plain(self.text(*number), &mut values)?;
                }
                if values.len() >= PAGE_BYTES {
                    break;
                }
            }
            let (rows, behind) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            rest = behind;
            levels(rows, |n| *n != 0, &mut page)?;
            page.extend_from_slice(&values);
            self.add(&page, pages, |buf| data_page(buf, rows.len(), Encoding::PLAIN))?;
        }
        self.values = values;
        self.page = page;
        Ok(())
    }

    fn add(&mut self, plain: &[u8], pages: &mut Pages, page: impl FnOnce(Bytes) -> Page) -> Result<()> {
        let packed = Bytes::from(self.zstd.compress(plain)?);
        let written = SerializedPageWriter::new(&mut pages.sink).write_page(CompressedPage::new(page(packed), plain.len()))?;
        pages.uncompressed += written.uncompressed_size;
        let at = Some(i64::try_from(written.offset)?);
        match written.page_type {
            PageType::DICTIONARY_PAGE => pages.dictionary_at = at,
            _ => pages.data_at = pages.data_at.or(at),
        }
        Ok(())
    }

    /// The smallest and the largest text, and how many rows have none.
    fn bounds(&self, numbers: &[u32]) -> Statistics {
        let mut different: Vec<u32> = numbers.to_vec();
        different.sort_unstable();
        different.dedup();
        let texts = || different.iter().filter_map(|n| self.texts.get(*n));
        let bytes = |text: &str| ByteArray::from(text.as_bytes().to_vec());
        let nulls = numbers.iter().filter(|n| **n == 0).count();
        Statistics::byte_array(texts().min().map(bytes), texts().max().map(bytes), None, u64::try_from(nulls).ok(), false)
    }
}

fn data_page(buf: Bytes, rows: usize, encoding: Encoding) -> Page {
    let num_values = u32::try_from(rows).unwrap_or_default();
    Page::DataPage { buf, num_values, encoding, def_level_encoding: Encoding::RLE, rep_level_encoding: Encoding::RLE, statistics: None }
}

/// A text behind its length.
fn plain(text: &[u8], page: &mut Vec<u8>) -> Result<()> {
    page.extend_from_slice(&u32::try_from(text.len()).map_err(ParquetError::from)?.to_le_bytes());
    page.extend_from_slice(text);
    Ok(())
}

/// Begins a page with which rows are there; how many are.
fn levels<T>(rows: &[T], is_there: impl Fn(&T) -> bool, page: &mut Vec<u8>) -> Result<usize> {
    let present = rows.iter().filter(|row| is_there(row)).count();
    page.clear();
    page.extend_from_slice(&[0; 4]);
    if present == rows.len() || present == 0 {
        hybrid::run(u32::from(present > 0), 1, rows.len(), page);
    } else {
        let there: Vec<u32> = rows.iter().map(|row| u32::from(is_there(row))).collect();
        hybrid::write(&there, 1, page);
    }
    let length = u32::try_from(page.len().saturating_sub(4))?.to_le_bytes();
    page.iter_mut().zip(length).for_each(|(byte, own)| *byte = own);
    Ok(present)
}
