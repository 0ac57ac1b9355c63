//! Every encoding unpacks, bombs are cut off, and errors keep their meaning on the way.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use futures_util::stream;
use tokio::time::Instant;

use super::*;
use crate::limits::EVENTS_BODY_BYTES_MAX;

const TEXT: &str = "{\"a\": 1}\n";

fn packed(encoding: Encoding, text: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    match encoding {
        Encoding::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Encoding::Deflate => {
            let mut out = flate2::write::ZlibEncoder::new(Vec::new(), level);
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Encoding::Zstd => zstd::encode_all(text, 1).unwrap(),
        // A meta-block that is not compressed, so that no compressor is needed: window size, not
        // last, length less one, and the bytes; then an empty last one.
        Encoding::Brotli => {
            let len = u32::try_from(text.len() - 1).unwrap();
            assert!(len < 1 << 16);
            // Bits from the lowest: window 16 (0), last (0), nibbles 4 (00), length, uncompressed (1).
            let bits = (u64::from(len) << 4) | (1 << 20);
            let mut out = bits.to_le_bytes()[..3].to_vec();
            out.extend_from_slice(text);
            out.push(3);
            out
        }
    }
}

const ALL: [Encoding; 4] = [
    Encoding::Gzip,
    Encoding::Zstd,
    Encoding::Deflate,
    Encoding::Brotli,
];

async fn read_as(name: &str, body: Vec<u8>, limit: usize) -> Result<Bytes, ApiError> {
    let room = InFlight::new(100 << 20);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, name.parse().unwrap());
    let held = read(Body::from(body), &headers, limit, &room).await?;
    Ok(Bytes::clone(&held))
}

#[tokio::test]
async fn every_encoding_unpacks() {
    for encoding in ALL {
        let body = packed(encoding, TEXT.as_bytes());
        let read = read_as(encoding.name(), body, 1000).await;
        assert_eq!(read.unwrap(), TEXT, "{encoding:?}");
    }
    let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    bare.write_all(TEXT.as_bytes()).unwrap();
    assert_eq!(
        read_as("deflate", bare.finish().unwrap(), 1000)
            .await
            .unwrap(),
        TEXT
    );
}

#[tokio::test]
async fn broken_and_unknown_encodings_are_told() {
    for encoding in ALL {
        let mut body = packed(encoding, TEXT.repeat(50).as_bytes());
        body.truncate(body.len() / 2);
        let error = read_as(encoding.name(), body, 10_000).await.unwrap_err();
        assert_eq!(error.status, 400, "{encoding:?}");
        let words = format!("not valid {}", encoding.name());
        assert!(error.message.contains(&words), "{}", error.message);
    }
    let error = read_as("lzma", Vec::new(), 10).await.unwrap_err();
    assert!(
        error.message.contains("gzip, zstd, deflate, br"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn bombs_are_cut_off() {
    let zeros = vec![0; 50 << 20];
    for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate] {
        let body = packed(encoding, &zeros);
        assert!(body.len() < 1 << 20);
        let error = read_as(encoding.name(), body, 1 << 20).await.unwrap_err();
        assert_eq!(error.status, 413, "{encoding:?}");
    }
}

#[tokio::test]
async fn errors_keep_their_meaning_through_readers() {
    let (sender, reader) = ChannelReader::new();
    sender
        .send(Ok(Bytes::from_static(b"\x1f\x8b")))
        .await
        .unwrap();
    sender.send(Err(ReadError::Slow)).await.unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut out = Vec::new();
        Encoding::Gzip.unpack(reader).unwrap().read_to_end(&mut out)
    });
    let error = api_error(&read.await.unwrap().unwrap_err());
    assert_eq!(error.status, 408);
}

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
