use axum::http::StatusCode;

use super::*;

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_waits_and_is_refused() {
    let all = InFlight::new(100);
    let mut first = all.reserve(60).await.unwrap();
    let began = tokio::time::Instant::now();
    let refused = all.reserve(50).await.unwrap_err();
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(began.elapsed(), ROOM_WAIT_MAX);
    // What is given back goes to who waits.
    let (second, ()) = tokio::join!(all.reserve(50), async { first.shrink_to(10) });
    assert_eq!((first.bytes(), second.unwrap().bytes()), (10, 50));
    assert_eq!(all.bytes.available_permits(), 90);
    drop(first);
    assert_eq!(all.bytes.available_permits(), 100);
}

#[tokio::test(start_paused = true)]
async fn two_that_wait_for_each_other_end() {
    let all = InFlight::new(100);
    let mut first = all.reserve(50).await.unwrap();
    let mut second = all.reserve(50).await.unwrap();
    let (one, two) = tokio::join!(first.grow(1), second.grow(1));
    assert!(one.is_err() && two.is_err());
    drop(second);
    first.grow(50).await.unwrap();
    assert_eq!(first.bytes(), 100);
}

#[tokio::test(start_paused = true)]
async fn more_than_there_is_at_all_is_refused() {
    let all = InFlight::new(100);
    assert!(all.reserve(101).await.is_err());
    assert!(all.reserve(usize::MAX).await.is_err());
}
