//! Integers as Parquet packs them by what they differ from the one before. Source: Parquet format, "Delta Encoding
//! (DELTA_BINARY_PACKED = 5)".

/// Differences of a block, and of each of its parts.
const BLOCK: usize = 128;
const PART: usize = 32;

/// Writes integers in order.
pub fn write(values: &[i64], out: &mut Vec<u8>) {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    varint(number(BLOCK), out);
    varint(number(BLOCK / PART), out);
    varint(number(values.len()), out);
    varint(zigzag(values.first().copied().unwrap_or_default()), out);
    let differences: Vec<i64> = values.windows(2).map(|pair| if let [before, this] = pair { this.wrapping_sub(*before) } else { 0 }).collect();
    for block in differences.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or_default();
        varint(zigzag(least), out);
        let above = |difference: &i64| difference.wrapping_sub(least).cast_unsigned();
        let bits: Vec<u32> = block.chunks(PART).map(|part| u64::BITS - part.iter().fold(0, |all, d| all | above(d)).leading_zeros()).collect();
        // Parts that are not there have a width all the same.
        out.extend((0..BLOCK / PART).map(|part| bits.get(part).and_then(|b| u8::try_from(*b).ok()).unwrap_or_default()));
        for (part, bits) in block.chunks(PART).zip(bits) {
            let end = out.len() + PART / 8 * bits as usize;
            let (mut held, mut filled) = (0u128, 0);
            for difference in part {
                held |= u128::from(above(difference)) << filled;
                filled += bits;
                while filled >= 32 {
                    let [a, b, c, d, ..] = held.to_le_bytes();
                    out.extend_from_slice(&[a, b, c, d]);
                    held >>= 32;
                    filled -= 32;
                }
            }
            out.extend(held.to_le_bytes().iter().take(filled.div_ceil(8) as usize));
            out.resize(end, 0);
        }
    }
}

/// Small numbers for small distances from 0, whatever the sign.
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}
