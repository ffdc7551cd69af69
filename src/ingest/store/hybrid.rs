//! Small numbers as Parquet packs them: runs of one number, and groups of eight laid side by side in as few bits as the largest
//! needs. Source: Parquet format, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".

/// Numbers that are packed together.
const GROUP: usize = 8;

/// From so many equal numbers on they are written once.
const RUN: usize = 2 * GROUP;

/// Bits that a number needs.
#[must_use]
pub fn bits_of(number: u32) -> u32 {
    u32::BITS - number.leading_zeros()
}

/// Writes numbers of at most `bits` bits; of what a reader finds behind the last one it takes nothing.
pub fn write(numbers: &[u32], bits: u32, out: &mut Vec<u8>) {
    let mut rest = numbers;
    // What stands before `rest` and is not yet written: whole groups.
    let mut open = 0;
    let mut behind = numbers;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|n| *n == first).count();
        if same >= RUN {
            groups(behind.get(..open).unwrap_or_default(), bits, out);
            run(*first, bits, same, out);
            rest = rest.get(same..).unwrap_or_default();
            (behind, open) = (rest, 0);
        } else {
            let taken = GROUP.min(rest.len());
            rest = rest.get(taken..).unwrap_or_default();
            open += taken;
        }
    }
    groups(behind, bits, out);
}

/// One number so many times.
pub fn run(number: u32, bits: u32, times: usize, out: &mut Vec<u8>) {
    varint(times << 1, out);
    let bytes = number.to_le_bytes();
    out.extend(bytes.iter().take(bits.div_ceil(8) as usize));
}

/// Booleans as bits, the last byte filled up. Source: Parquet format, "Plain (PLAIN = 0)".
pub fn bits(bools: &[bool], out: &mut Vec<u8>) {
    out.extend(bools.chunks(8).map(|byte| byte.iter().rev().fold(0u8, |bits, bool| bits << 1 | u8::from(*bool))));
}

/// Numbers side by side, the last group filled up with zeros.
fn groups(numbers: &[u32], bits: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let count = numbers.len().div_ceil(GROUP);
    varint(count << 1 | 1, out);
    let end = out.len() + count * bits as usize;
    let (mut held, mut filled) = (0u64, 0);
    for number in numbers {
        held |= u64::from(*number) << filled;
        filled += bits;
        if filled >= 32 {
            let [a, b, c, d, ..] = held.to_le_bytes();
            out.extend_from_slice(&[a, b, c, d]);
            held >>= 32;
            filled -= 32;
        }
    }
    let bytes = held.to_le_bytes();
    out.extend(bytes.iter().take(filled.div_ceil(8) as usize));
    out.resize(end, 0);
}

fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.push(low);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the format describes it, number by number.
    fn read(mut bytes: &[u8], bits: usize, count: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let (mut header, mut shift) = (0usize, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            if header & 1 == 0 {
                let width = bits.div_ceil(8);
                let value = bytes[..width].iter().rev().fold(0u32, |v, b| v << 8 | u32::from(*b));
                bytes = &bytes[width..];
                numbers.extend(std::iter::repeat_n(value, header >> 1));
            } else {
                let groups = header >> 1;
                let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
                numbers.extend((0..groups * 8).map(|n| (0..bits).fold(0, |v, b| v | bit(n * bits + b) << b)));
                bytes = &bytes[groups * bits..];
            }
        }
        assert!(bytes.is_empty());
        numbers.truncate(count);
        numbers
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bits in 0u32..=32, runs in proptest::collection::vec((any::<u32>(), 1usize..40), 0..30)) {
            let most = if bits == 32 { u32::MAX } else { (1 << bits) - 1 };
            let numbers: Vec<u32> = runs.iter().flat_map(|(n, times)| std::iter::repeat_n(n & most, *times)).collect();
            let mut out = Vec::new();
            write(&numbers, bits, &mut out);
            prop_assert_eq!(read(&out, bits as usize, numbers.len()), numbers);
        }
    }

    #[test]
    fn booleans_are_bits() {
        let mut out = Vec::new();
        bits(&[true, false, false, false, false, false, false, true, false, true], &mut out);
        assert_eq!(out, [0x81, 0x02]);
    }

    #[test]
    fn equal_numbers_are_written_once() {
        let mut out = Vec::new();
        write(&[1; 1000], 1, &mut out);
        assert_eq!(out, [0xd0, 0x0f, 1]);
        assert_eq!((bits_of(0), bits_of(1), bits_of(255), bits_of(256)), (0, 1, 8, 9));
    }
}
