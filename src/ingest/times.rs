//! Times as logs write them: RFC 3339 with any offset, without zone (UTC), with a blank, basic ISO, epoch
//! seconds or milliseconds. Years outside 1970–2200 are no times. Source: inputs-and-evaluation.md section 3.5.

const MAX_MS: i64 = 7_258_118_400_000;

fn in_range(ms: i64) -> Option<i64> {
    (0..MAX_MS).contains(&ms).then_some(ms)
}

/// Epoch milliseconds UTC of a time text.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.len() != 8 {
        let n: i64 = text.parse().ok()?;
        return in_range(if n < 100_000_000_000 { n.checked_mul(1000)? } else { n });
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return in_range(at.as_millisecond());
    }
    let civil: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
    in_range(jiff::tz::Offset::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

/// The UTC day of a time, `YYYY-MM-DD`.
#[must_use]
pub fn date_of(ms: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(at).date().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_that_occur() {
        let noon = 1_688_990_400_000;
        for text in ["2023-07-10T12:00:00Z", "2023-07-10T14:00:00+02:00", "2023-07-10 12:00:00.000", "20230710T120000Z", "1688990400", "1688990400000"] {
            assert_eq!(parse_ms(text), Some(noon), "{text}");
        }
        for text in ["", "yesterday", "1969-12-31T00:00:00Z", "9999-01-01T00:00:00Z"] {
            assert_eq!(parse_ms(text), None, "{text}");
        }
        assert_eq!(date_of(noon).as_deref(), Some("2023-07-10"));
    }
}
