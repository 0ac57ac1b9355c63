//! Which texts are schedules.

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
        assert_eq!(
            Schedule::parse(text),
            Some(Schedule::Cron(text.to_owned())),
            "{text}"
        );
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
