//! Compressed answers: a client asks for them by `enable_http_compression=1`, and says by
//! `Accept-Encoding` what it reads.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A level that is quick; answers go over the network once.
const ZSTD_LEVEL: i32 = 1;

/// How an answer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Zstd,
    Gzip,
}

impl Encoding {
    /// Returns the first that `Accept-Encoding` allows, the better one first.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
        let accepts = |encoding: &Self| {
            accepted.split(',').any(|part| {
                let mut words = part.split(';').map(str::trim);
                let is_wanted = words.next() == Some(encoding.name());
                is_wanted && !words.any(|word| matches!(word, "q=0" | "q=0.0"))
            })
        };
        [Self::Zstd, Self::Gzip].into_iter().find(accepts)
    }

    /// Returns its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// Compresses an answer; takes its time, so not where others wait.
    pub(super) fn compress(self, body: &[u8]) -> io::Result<Bytes> {
        match self {
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL).map(Bytes::from),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body)?;
                encoder.finish().map(Bytes::from)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Encoding::{self, Gzip, Zstd};

    #[test]
    fn the_header_chooses() {
        for (accepted, expected) in [
            ("gzip", Some(Gzip)),
            ("lz4, br, zstd, gzip", Some(Zstd)),
            ("zstd;q=0, gzip;q=0.5", Some(Gzip)),
            ("identity", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_static(accepted);
            headers.insert(header::ACCEPT_ENCODING, value);
            assert_eq!(Encoding::accepted(&headers), expected, "{accepted}");
        }
    }
}
