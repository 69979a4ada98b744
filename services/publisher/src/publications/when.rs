//! Times on a site's clock.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rpc::{Error, Result};

/// The zone of a site. One that this build does not know counts as UTC.
pub(super) fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// A time on the site's clock, as `2027-03-01T09:00`.
pub(super) fn local(text: &str, zone: Tz) -> Result<DateTime<Utc>> {
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let time =
        time.ok_or_else(|| Error::invalid("scheduled_local", "This is not a time. Write it as 2027-03-01T09:00."))?;
    // Of an hour that comes twice it is the first one.
    let time = zone.from_local_datetime(&time).earliest();
    let missing = "The clocks of the site's time zone skip this time. Choose one an hour earlier or later.";
    Ok(time.ok_or_else(|| Error::invalid("scheduled_local", missing))?.with_timezone(&Utc))
}

/// The beginning of the site's day that `now` is in, and that of the next one.
pub(super) fn day(now: DateTime<Utc>, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
    let today = now.with_timezone(&zone).date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    (midnight(today, zone), midnight(tomorrow, zone))
}

/// In some zones clocks skip midnight: then the day begins an hour later.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let begins = [midnight, midnight + TimeDelta::hours(1)];
    let begins = begins.iter().find_map(|time| zone.from_local_datetime(time).earliest());
    begins.map_or_else(|| midnight.and_utc(), |time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_local_time_is_that_of_the_zone() {
        let karachi = zone("Asia/Karachi");
        assert_eq!(local("2027-03-01T09:00", karachi).unwrap(), utc("2027-03-01T04:00:00Z"));
        assert_eq!(local("2027-03-01T09:00:30", karachi).unwrap(), utc("2027-03-01T04:00:30Z"));
        assert!(local("tomorrow", karachi).is_err());
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first() {
        let berlin = zone("Europe/Berlin");
        assert!(local("2027-03-28T02:30", berlin).is_err());
        assert_eq!(local("2027-10-31T02:30", berlin).unwrap(), utc("2027-10-31T00:30:00Z"));
    }

    #[test]
    fn a_day_is_that_of_the_site() {
        let (begin, end) = day(utc("2027-01-01T20:00:00Z"), zone("Asia/Karachi"));
        assert_eq!((begin, end), (utc("2027-01-01T19:00:00Z"), utc("2027-01-02T19:00:00Z")));
        assert_eq!(day(utc("2027-01-01T20:00:00Z"), zone("Nowhere/At_All")).0, utc("2027-01-01T00:00:00Z"));
    }
}
