//! Which texts are schedules, and when they come.

use super::Schedule;

#[test]
fn accepts_words_and_cron_expressions() {
    for text in [
        "0 * * * *",
        "*/5 1-3,4 * JAN MON",
        "0 0 L * *",
        "0 * * * * 30",
        "@hourly",
        "@Daily",
        "0 0 * * 7",
    ] {
        match Schedule::parse(text) {
            Some(Schedule::Cron(cron)) => assert_eq!(cron.as_str(), text),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(Schedule::parse("@on-demand"), Some(Schedule::OnDemand));
    assert_eq!(Schedule::parse(""), Some(Schedule::OnDemand));
}

#[test]
fn refuses_everything_else() {
    for text in [
        "foo",
        "* * *",
        "@once",
        "99 * * * *",
        "@On-Demand",
        "0 0 0 * *",
        "*/0 * * * *",
        "1- * * * *",
        "-1 * * * *",
    ] {
        assert_eq!(Schedule::parse(text), None, "{text}");
    }
}

#[track_caller]
fn next(cron: &str, after: &str) -> String {
    let Some(Schedule::Cron(cron)) = Schedule::parse(cron) else {
        panic!("{cron} is no cron expression");
    };
    let next = cron.next_after(after.parse().expect("a time"));
    next.map_or_else(|| "never".to_owned(), |next| next.to_string())
}

#[test]
fn the_next_time_is_the_first_behind() {
    // 2026-01-01 is a Thursday.
    for (cron, after, expected) in [
        ("* * * * *", "2026-01-01T10:00:00", "2026-01-01T10:01:00"),
        ("* * * * *", "2026-01-01T10:00:59.9", "2026-01-01T10:01:00"),
        ("0 * * * *", "2026-01-01T23:00:00", "2026-01-02T00:00:00"),
        (
            "0 * * * *",
            "2026-01-01T22:59:59.999",
            "2026-01-01T23:00:00",
        ),
        ("*/20 6 * * *", "2026-01-01T06:20:30", "2026-01-01T06:40:00"),
        ("*/20 6 * * *", "2026-01-01T06:40:00", "2026-01-02T06:00:00"),
        ("5/20 * * * *", "2026-01-01T06:26:00", "2026-01-01T06:45:00"),
        ("5 4 * * sun", "2026-01-01T00:00:00", "2026-01-04T04:05:00"),
        ("5 4 * * 7", "2026-01-01T00:00:00", "2026-01-04T04:05:00"),
        (
            "5 4 * * FRI-MON",
            "2026-01-05T05:00:00",
            "2026-01-09T04:05:00",
        ),
        ("0 0 * * */2", "2026-01-04T00:00:00", "2026-01-06T00:00:00"),
        ("0 22-1 * * *", "2026-01-01T23:30:00", "2026-01-02T00:00:00"),
        ("0 0 L * *", "2028-02-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 31 * *", "2026-01-31T00:00:00", "2026-03-31T00:00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),
        // Both fields about days say something: either is enough.
        ("0 0 13 * 5", "2026-01-03T00:00:00", "2026-01-09T00:00:00"),
        ("0 0 13 * 5", "2026-01-09T00:00:00", "2026-01-13T00:00:00"),
        ("0 0 13 * ?", "2026-01-03T00:00:00", "2026-01-13T00:00:00"),
        ("0 0 30 feb *", "2026-01-01T00:00:00", "never"),
        (
            "0 0 1,15 jan,jul *",
            "2026-01-15T00:00:00",
            "2026-07-01T00:00:00",
        ),
        (
            "30 9 * * * 15",
            "2026-01-01T09:30:15",
            "2026-01-02T09:30:15",
        ),
        (
            "30 9 * * * */20",
            "2026-01-01T09:30:15",
            "2026-01-01T09:30:20",
        ),
        ("@hourly", "2025-12-31T23:10:00", "2026-01-01T00:00:00"),
        ("@weekly", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("@yearly", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
    ] {
        assert_eq!(next(cron, after), expected, "{cron} behind {after}");
    }
}
