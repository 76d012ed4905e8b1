//! Instants as text.

/// Appends milliseconds since 1970 as an ISO-8601 instant in UTC, such as `2026-01-02T14:30:00.250Z`.
pub(crate) fn write_iso8601(epoch_ms: i64, out: &mut String) {
    let (days, ms) = (epoch_ms.div_euclid(86_400_000), epoch_ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let seconds = ms / 1000;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let parts = [month, day, seconds / 3600, seconds / 60 % 60, seconds % 60];
    for (at, part) in [5, 8, 11, 14, 17].into_iter().zip(parts) {
        digits(part, &mut text[at..at + 2]);
    }
    digits(ms % 1000, &mut text[20..23]);
    let text = if (0..=9999).contains(&year) {
        digits(year, &mut text[..4]);
        &text[..]
    } else {
        // ISO-8601 wants a sign and more digits beyond four.
        out.push_str(&format!("{}{:06}", if year < 0 { '-' } else { '+' }, year.unsigned_abs()));
        &text[4..]
    };
    // Digits and punctuation.
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

/// Year, month and day of a count of days since 1970-01-01 in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year; eras are the calendar's 400-year periods.
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn digits(mut number: i64, places: &mut [u8]) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_follow_the_calendar() {
        let show = |ms| {
            let mut out = String::new();
            write_iso8601(ms, &mut out);
            out
        };
        assert_eq!(show(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(show(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(show(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(show(1_767_364_200_250), "2026-01-02T14:30:00.250Z");
        assert_eq!(show(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(show(253_402_300_800_000), "+010000-01-01T00:00:00.000Z");
        assert_eq!(show(-62_198_755_200_000), "-000001-01-01T00:00:00.000Z");
        assert!(show(i64::MAX).starts_with("+292278994") && show(i64::MIN).starts_with("-292275055"));
    }
}
