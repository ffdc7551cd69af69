//! Times as logs write them: RFC 3339 with any offset, without zone (UTC), with a blank, basic ISO, epoch
//! seconds or milliseconds. Years outside 1970–2200 are no times. Source: inputs-and-evaluation.md section 3.5.

use std::borrow::Cow;

const MAX_MS: i64 = 7_258_118_400_000;

fn in_range(ms: i64) -> Option<i64> {
    (0..MAX_MS).contains(&ms).then_some(ms)
}

/// Epoch milliseconds of a time as CloudTrail writes it, `2026-10-01T12:00:00Z`; every other form, and a leap second, is for [`parse_ms`].
fn usual(text: &str) -> Option<i64> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] = bytes else { return None };
    let number = |digits: &[&u8]| digits.iter().try_fold(0, |sum, d| d.is_ascii_digit().then(|| sum * 10 + i64::from(**d - b'0')));
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970-01-01, by years that begin in March: so the leap day is the last of its year.
    let (from_march, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = from_march * 365 + from_march / 4 - from_march / 100 + from_march / 400;
    let days = before + (153 * month + 2) / 5 + day - 1 - 719_468;
    in_range((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Epoch milliseconds UTC of a time text, and its UTC day.
#[must_use]
pub fn instant(text: Cow<'_, str>) -> Option<(i64, Option<Cow<'_, str>>)> {
    if let Some(ms) = usual(&text) {
        let day = match text {
            Cow::Borrowed(text) => text.get(..10).map(Cow::Borrowed),
            Cow::Owned(text) => text.get(..10).map(|day| Cow::Owned(day.to_owned())),
        };
        return Some((ms, day));
    }
    let ms = parse_ms(&text)?;
    Some((ms, date_of(ms).map(Cow::Owned)))
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

    #[test]
    fn the_usual_form_is_read_as_any_other() {
        let slowly = |text: &str| parse_ms(text).map(|ms| (ms, date_of(ms).map(Cow::Owned)));
        for year in [1969, 1970, 1999, 2000, 2024, 2026, 2100, 2199, 2200] {
            for (month, day) in (0..14).flat_map(|m| [0, 1, 28, 29, 30, 31, 32].map(|d| (m, d))) {
                let text = format!("{year}-{month:02}-{day:02}T23:59:58Z");
                assert_eq!(instant(Cow::Borrowed(&text)), slowly(&text), "{text}");
                assert_eq!(instant(Cow::Owned(text.clone())), slowly(&text), "{text}");
            }
        }
        for text in ["2026-10-01T24:00:00Z", "2026-10-01T23:60:00Z", "2026-12-31T23:59:60Z", "2026-10-01T00:00:00z", "2026-10-01T00:00:0xZ", "2026-10-01 00:00:00Z", "2026-10-01T00:00:00+"] {
            assert_eq!(instant(Cow::Borrowed(text)), slowly(text), "{text}");
        }
    }
}
