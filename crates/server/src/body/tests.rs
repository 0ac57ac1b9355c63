//! Every encoding unpacks, bombs are cut off, and errors keep their meaning on the way.

use std::io::Write;

use super::*;

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
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, name.parse().unwrap());
    read(Body::from(body), &headers, limit).await
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
async fn a_client_that_stops_is_cut_off() {
    let stalled = futures_util::stream::pending::<Result<Bytes, io::Error>>();
    let error = read(Body::from_stream(stalled), &HeaderMap::new(), 10)
        .await
        .unwrap_err();
    assert_eq!(error.status, 408);
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
