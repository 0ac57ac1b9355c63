use super::*;

fn limiter(limit: u32) -> Limiter<&'static str> {
    Limiter::new(NonZeroU32::new(limit).unwrap())
}

#[test]
fn an_allowance_lasts_for_a_second() {
    let limiter = limiter(10);
    let start = Instant::now();
    for _ in 0..10 {
        assert_eq!(limiter.take(&"a", 1, start), Ok(()));
    }
    let refused = limiter.take(&"a", 1, start).unwrap_err();
    assert_eq!(
        (refused.limit, refused.wait),
        (10, Duration::from_millis(100))
    );
    // Others are not concerned, and neither is who waits.
    assert_eq!(limiter.take(&"b", 1, start), Ok(()));
    assert_eq!(limiter.take(&"a", 1, start + refused.wait), Ok(()));
    assert!(limiter.take(&"a", 1, start + refused.wait).is_err());
    // A rest does not save up more than a second.
    let later = start + Duration::from_secs(60);
    assert_eq!(
        (0..20)
            .filter(|_| limiter.take(&"a", 1, later).is_ok())
            .count(),
        10
    );
}

#[test]
fn a_large_request_is_let_in_and_paid_for_later() {
    let limiter = limiter(100);
    let start = Instant::now();
    assert_eq!(limiter.take(&"a", 1000, start), Ok(()));
    let refused = limiter.take(&"a", 0, start).unwrap_err();
    assert_eq!(refused.wait, Duration::from_millis(9010));
    assert_eq!(limiter.take(&"a", 1, start + refused.wait), Ok(()));
}

#[test]
fn full_buckets_are_forgotten() {
    let limiter = Limiter::new(NonZeroU32::new(1000).unwrap());
    let start = Instant::now();
    for number in 0..RATES_MAX {
        limiter.take(&number, 1, start).unwrap();
    }
    limiter.take(&0, 10_000, start).unwrap();
    let later = start + Duration::from_secs(1);
    limiter.take(&RATES_MAX, 1, later).unwrap();
    assert_eq!(limiter.buckets.lock().len(), 2);
    assert!(limiter.take(&0, 0, later).is_err());
}

#[test]
fn each_limit_is_kept_for_itself() {
    let limits = RateLimits {
        token_requests: NonZeroU32::new(2),
        datasource_rows: NonZeroU32::new(10),
        ..RateLimits::default()
    };
    let rates = AppendRates::new(limits);
    let [t, u] = [
        TokenId(uuid::Uuid::from_u128(1)),
        TokenId(uuid::Uuid::from_u128(2)),
    ];
    let [a, b] = ["a", "b"].map(str::to_owned);
    let by = |token, datasource| Appender { token, datasource };
    rates.count_request(by(&t, &a)).unwrap();
    rates.count_rows(by(&t, &a), 30).unwrap();
    let error = rates.count_request(by(&u, &a)).unwrap_err();
    assert!(
        error.message.contains("rows of this data source"),
        "{error:?}"
    );
    // That one did not count as a request of its token.
    rates.count_request(by(&u, &b)).unwrap();
    rates.count_request(by(&u, &b)).unwrap();
    let error = rates.count_request(by(&u, &b)).unwrap_err();
    assert!(
        error.message.contains("requests of this token"),
        "{error:?}"
    );
    assert_eq!(error.rate_limited.map(|limited| limited.limit), Some(2));
}
