//! Differences of dates.

use crate::testing::{assert_outcomes, checked};

#[test]
fn differences_are_absolute_and_truncated() {
    assert_outcomes(&[
        ("{{day_diff('2020-01-05', '2020-1-1')}}", "4"),
        ("{{date_diff_in_days('2020-02-29', '2021-02-28')}}", "365"),
        (
            "{{date_diff_in_hours('2024-01-01 00:00:00', '2024-01-01 00:59:59')}}",
            "0",
        ),
        (
            "{{date_diff_in_minutes('2020-01-01 00:00:00', '2020-01-01 00:10:01')}}",
            "10",
        ),
        (
            "{{date_diff_in_seconds('2020-01-01 00:00:00', '2020-01-01 00:00:01')}}",
            "1",
        ),
        (
            "{{date_diff_in_days('2020', '01', '%Y', backup_date_format='%d')}}",
            "43829",
        ),
    ]);
}

#[test]
fn time_zones_count_when_both_have_one() {
    let format = "'%Y-%m-%dT%H:%M:%S%z'";
    assert_outcomes(&[(
        &format!(
            "{{{{date_diff_in_hours('2020-01-01T10:00:00+0100', '2020-01-01T12:30:00Z', {format})}}}}"
        ),
        "3",
    )]);
}

#[test]
fn errors_differ_by_function() {
    assert_outcomes(&[
        (
            "{{day_diff('2020-01-01', x)}}",
            "Template Syntax Error: invalid date format in function `day_diff`, it must be ISO \
             format date YYYY-MM-DD, e.g. 2018-09-26. For other fotmats, try `date_diff_in_days`",
        ),
        (
            "{{date_diff_in_minutes('2020-01-01', '2020-01-01')}}",
            "Template Syntax Error: invalid date_format in function `date_diff_in_seconds`, \
             defaults to YYYY-MM-DD hh:mm:ss. Or %Y-%m-%d %H:%M:%S [.ssssss]Z, \
             e.g. ms: 2022-12-19T18:42:22.591Z s:2022-12-19T18:42:22Z",
        ),
        (
            "{{date_diff_in_days('x', '2020-01-01', none_if_error=True)}}",
            "Template Syntax Error: expression \"date_diff_in_days('x...\" evaluated to null",
        ),
        (
            "{{day_diff('2020-01-01', '2020-01-01', 5, 6)}}",
            "day_diff() takes from 2 to 3 positional arguments but 4 were given",
        ),
    ]);
}

#[test]
fn check_mode_gives_the_default() {
    assert_eq!(
        checked("{{day_diff(x, y, 7)}}{{date_diff_in_hours(x, y, default=7)}}"),
        "07"
    );
}
