//! A column of texts as Parquet has it, made from the batch's numbers: which texts are alike is known by then, so nothing is hashed
//! again (docs/decisions/0021-ingest-speed.md).
//!
//! A column has a dictionary where that is shorter than its texts one after the other, and plain texts else. Source: Parquet
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

use super::super::columns::Texts;
use super::hybrid;

/// The level of zstd for all columns.
pub const LEVEL: i32 = 1;

/// Rows of a page with a dictionary at most.
const PAGE_ROWS: usize = 1 << 16;

/// Bytes of texts of a plain page, or one text.
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
pub struct TextColumns<'t> {
    texts: &'t Texts,
    zstd: zstd::bulk::Compressor<'static>,
    /// For each text its place in the column's dictionary, counted from 1.
    places: Vec<u32>,
    /// The texts of the column's dictionary, by their numbers.
    dictionary: Vec<u32>,
    page: Vec<u8>,
}

/// The pages of a column, as they are written.
struct Pages {
    sink: TrackedWrite<Vec<u8>>,
    uncompressed: usize,
    dictionary_at: Option<i64>,
    data_at: Option<i64>,
}

impl<'t> TextColumns<'t> {
    /// Columns of these texts.
    ///
    /// # Errors
    /// Where zstd has no memory.
    pub fn new(texts: &'t Texts) -> Result<TextColumns<'t>> {
        let zstd = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(TextColumns { texts, zstd, places: vec![0; texts.numbered() + 1], dictionary: Vec::new(), page: Vec::new() })
    }

    /// The column of these numbers (0: NULL), as bytes to append to a row group.
    ///
    /// # Errors
    /// Where pages cannot be written.
    pub fn write(&mut self, column: &ColumnDescPtr, numbers: &[u32], wanted: Wanted) -> Result<(Bytes, ColumnCloseResult)> {
        let mut pages = Pages { sink: TrackedWrite::new(Vec::new()), uncompressed: 0, dictionary_at: None, data_at: None };
        let indices = if wanted.is_unique { None } else { self.indices(numbers) };
        let encoding = match &indices {
            Some(indices) => {
                self.dictionary_pages(numbers, indices, &mut pages)?;
                Encoding::RLE_DICTIONARY
            }
            None => {
                self.plain_pages(numbers, &mut pages)?;
                Encoding::PLAIN
            }
        };
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        encodings.extend(indices.map(|_| encoding));
        let mut metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            .set_encodings(encodings)
            .set_num_values(i64::try_from(numbers.len())?)
            .set_total_compressed_size(i64::try_from(pages.sink.bytes_written())?)
            .set_total_uncompressed_size(i64::try_from(pages.uncompressed)?)
            .set_data_page_offset(pages.data_at.unwrap_or_default())
            .set_dictionary_page_offset(pages.dictionary_at);
        if wanted.has_bounds {
            metadata = metadata.set_statistics(self.bounds(numbers));
        }
        let bytes = Bytes::from(pages.sink.into_inner()?);
        let close = ColumnCloseResult {
            bytes_written: u64::try_from(bytes.len())?,
            rows_written: u64::try_from(numbers.len())?,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes, close))
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
        for number in numbers.iter().filter(|n| **n != 0) {
            let Some(place) = self.places.get_mut(*number as usize) else {
                // A text that has no number of its own.
                is_whole = false;
                break;
            };
            let length = self.texts.bytes(*number).len() + 4;
            plain += length;
            if *place == 0 {
                own += length;
                self.dictionary.push(*number);
                *place = u32::try_from(self.dictionary.len()).unwrap_or_default();
            }
            indices.push(place.wrapping_sub(1));
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
            let present = levels(rows, &mut page)?;
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
        let mut rest = numbers;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |number: &&u32| {
                let before = bytes;
                bytes += self.texts.bytes(**number).len() + 4;
                before == 0 || bytes <= PAGE_BYTES
            };
            let taken = rest.iter().take_while(fits).count();
            let (rows, behind) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            rest = behind;
            levels(rows, &mut page)?;
            rows.iter().filter(|n| **n != 0).try_for_each(|number| plain(self.text(*number), &mut page))?;
            self.add(&page, pages, |buf| data_page(buf, rows.len(), Encoding::PLAIN))?;
        }
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
fn levels(rows: &[u32], page: &mut Vec<u8>) -> Result<usize> {
    let present = rows.iter().filter(|n| **n != 0).count();
    page.clear();
    page.extend_from_slice(&[0; 4]);
    if present == rows.len() || present == 0 {
        hybrid::run(u32::from(present > 0), 1, rows.len(), page);
    } else {
        let there: Vec<u32> = rows.iter().map(|n| u32::from(*n != 0)).collect();
        hybrid::write(&there, 1, page);
    }
    let length = u32::try_from(page.len().saturating_sub(4))?.to_le_bytes();
    page.iter_mut().zip(length).for_each(|(byte, own)| *byte = own);
    Ok(present)
}
