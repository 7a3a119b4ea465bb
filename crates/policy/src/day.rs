//! `Day`: a day of the calendar, as a number that can be compared.

use std::fmt;

/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// After every other day.
    pub(crate) const LAST: Day = Day(i64::MAX);

    /// Reads `YYYY-MM-DD`; `None` when that is no day of the Gregorian calendar.
    pub(crate) fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_of_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        let is_day = (1..=days_of_month).contains(&day) && parts.next().is_none();
        is_day.then(|| Day(days_from_civil(year, month, day)))
    }

    /// The day, in UTC, of a moment.
    pub(crate) fn of(moment: model::Timestamp) -> Day {
        Day(moment.as_second().div_euclid(DAY_SECONDS))
    }

    /// The day so many days later; `None` beyond the last day.
    pub(crate) fn plus(self, days: i64) -> Option<Day> {
        if self == Day::LAST { None } else { self.0.checked_add(days).map(Day) }
    }

    /// Whole days from `earlier` to this day; negative when that is later.
    pub(crate) fn days_since(self, earlier: Day) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Day {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The Gregorian date of a day. Eras of 400 years from March of the year 0.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days since 1970-01-01 of a Gregorian date. Years begin in March, so that leap days end them.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_of_years =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days_of_years + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_days() {
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::parse("1969-12-31"), Some(Day(-1)));
        assert_eq!(Day::parse("2000-03-01"), Some(Day(11_017)));
        assert_eq!(Day::parse("2026-07-31"), Some(Day(20_665)));
        let (leap, after) = (Day::parse("2024-02-29").unwrap(), Day::parse("2024-03-01").unwrap());
        assert_eq!(after.days_since(leap), 1);
        for text in ["1970-01-01", "2024-02-29", "2024-03-01", "2000-12-31", "0001-01-01"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Day::parse("2024-02-20").unwrap().plus(10).unwrap().to_string(), "2024-03-01");
        for bad in ["", "2023-02-29", "2023-13-01", "2023-1-01", "2023-01-32", "2023-01-01-1", "x"]
        {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        let moment = "2000-03-01T23:59:59Z".parse().unwrap();
        assert_eq!(Day::of(moment), Day(11_017));
    }
}
