use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream;

use super::*;
use crate::limits::EVENTS_BODY_BYTES_MAX;

/// A body whose pieces come after these pauses; without an end when `is_open`.
fn slow(pauses: Vec<Duration>, is_open: bool) -> Body {
    Body::from_stream(stream::unfold(
        pauses.into_iter(),
        move |mut pauses| async move {
            match pauses.next() {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), pauses))
                }
                None if is_open => std::future::pending().await,
                None => None,
            }
        },
    ))
}

async fn read_all(body: Body) -> Result<Held, ApiError> {
    let room = InFlight::new(EVENTS_BODY_BYTES_MAX);
    read(body, &HeaderMap::new(), EVENTS_BODY_BYTES_MAX, &room).await
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_is_cut_off() {
    let almost = BODY_PAUSE_MAX - Duration::from_millis(1);
    let body = read_all(slow(vec![almost; 3], false)).await.unwrap();
    assert_eq!(&body[..], b"xxx");
    let began = Instant::now();
    let error = read_all(slow(vec![almost], true)).await.unwrap_err();
    assert_eq!(error.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed(), almost + BODY_PAUSE_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_is_cut_off() {
    let pause = Duration::from_secs(1);
    let began = Instant::now();
    let error = read_all(slow(vec![pause; 10_000], false))
        .await
        .unwrap_err();
    assert_eq!(error.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed(), BODY_TIME_MAX);
}

#[tokio::test]
async fn room_is_held_until_the_body_is_dropped() {
    let all = InFlight::new(10);
    let headers = HeaderMap::new();
    let held = read(Body::from("12345678"), &headers, 10, &all)
        .await
        .unwrap();
    assert_eq!(&held[..], b"12345678");
    assert!(all.reserve(2).await.is_ok());
    assert!(
        timeout(Duration::from_millis(20), all.reserve(3))
            .await
            .is_err()
    );
    drop(held);
    assert!(all.reserve(10).await.is_ok());
}

#[tokio::test]
async fn pieces_become_one_body() {
    let pieces = ["a", "bc", "", "def"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    let body = read_all(Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(&body.unwrap()[..], b"abcdef");
    let none = read_all(Body::empty()).await.unwrap();
    assert!(none.is_empty());
}
