//! Files from a URL: only http and https, and only from addresses that are public, so that nobody
//! reads our own network through us.
//!
//! A name is looked up once per connection, what it resolves to is checked, and the connection goes to
//! one of the checked addresses. Redirects are new connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::Uri;
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::Source;
use crate::body::{Encoding, Limited};
use crate::error::ApiError;
use crate::limits::{FILE_BYTES_MAX, URL_PAUSE_MAX, URL_REDIRECTS_MAX, URL_TIME_MAX};

/// Returns the parts of a URL that can be read.
///
/// # Errors
/// 400 for another scheme, or what is no URL.
pub(crate) fn parse(url: &str) -> Result<Uri, ApiError> {
    let bad = |problem: &str| {
        let text = format!("the url {problem}; give an address such as https://host/file.csv");
        Err(ApiError::bad_request(text))
    };
    let Ok(uri) = url.trim().parse::<Uri>() else {
        return bad("cannot be read");
    };
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return bad("has a scheme that is not supported"),
        None => return bad("has no scheme"),
    }
    match uri.host() {
        None | Some("") => bad("has no host"),
        Some(_) => Ok(uri),
    }
}

/// Returns the name of the file that a URL leads to.
pub(crate) fn file_name(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// Asks for a file and returns its bytes. Blocks.
///
/// # Errors
/// 400 when it cannot be had.
pub(crate) fn get(uri: &Uri, allows_private: bool) -> Result<Source, ApiError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Else the environment could send us through a proxy, past the check of addresses.
        .proxy(None)
        .max_redirects(URL_REDIRECTS_MAX)
        .max_redirects_will_error(true)
        .user_agent("birdhouse")
        .timeout_global(Some(URL_TIME_MAX))
        .timeout_resolve(Some(URL_PAUSE_MAX))
        .timeout_connect(Some(URL_PAUSE_MAX))
        .timeout_recv_response(Some(URL_PAUSE_MAX))
        .timeout_per_read(Some(URL_PAUSE_MAX))
        .build();
    let resolver = PublicResolver {
        inner: DefaultResolver::default(),
        allows_private,
    };
    let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
    let failed =
        |problem: String| ApiError::bad_request(format!("the url could not be read: {problem}"));
    let answer = agent.get(uri.clone()).call();
    let answer = answer.map_err(|error| failed(error.to_string()))?;
    if !answer.status().is_success() {
        return Err(failed(format!("its server answered {}", answer.status())));
    }
    let (parts, body) = answer.into_parts();
    let encoding = Encoding::of(&parts.headers)?;
    let encoding = encoding.or(Encoding::of_file_name(file_name(uri)).0);
    let bytes = body.content_length();
    if bytes.is_some_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(failed(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    let reader = body.into_with_config().limit(u64::MAX).reader();
    Source::new(Limited::new(reader, FILE_BYTES_MAX), encoding, bytes)
        .map_err(|error| failed(error.to_string()))
}

/// Finds the addresses of a name and leaves out those that are not public.
#[derive(Debug)]
struct PublicResolver {
    inner: DefaultResolver,
    allows_private: bool,
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        let addresses = found.iter();
        for address in addresses.filter(|it| self.allows_private || is_public(it.ip())) {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            let text = "its address is not public; set BIRDHOUSE_ALLOW_PRIVATE_URLS=1 to allow such addresses";
            return Err(std::io::Error::other(text).into());
        }
        Ok(allowed)
    }
}

/// Returns true for an address that anybody on the internet can reach.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared by providers, for protocols, for benchmarks, once for relays.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 88 && c == 99);
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    let [.., high, low] = segments;
    let embedded = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits(
            (u32::from(high) << 16) | u32::from(low),
        ))
    };
    match segments {
        // Addresses of version 4 in other clothes: mapped, translated, tunnelled.
        [0, 0, 0, 0, 0, 0xFFFF, ..] | [0x64, 0xFF9B, 0, 0, 0, 0, ..] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Only this block is handed out to the public; some of it is for tunnels and documents.
        _ => {
            (first & 0xE000) == 0x2000
                && !(first == 0x2001 && second < 0x0200)
                && !(first == 0x2001 && second == 0x0DB8)
                && !(first == 0x3FFF && second < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let public = [
            "8.8.8.8",
            "1.1.1.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for address in public {
            assert!(is_public(address.parse().expect("address")), "{address}");
        }
        let private = [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ];
        for address in private {
            assert!(!is_public(address.parse().expect("address")), "{address}");
        }
    }

    #[test]
    fn only_web_addresses_are_urls() {
        for url in [
            "file:///etc/passwd",
            "ftp://host/x",
            "/etc/passwd",
            "host/x",
            "",
            "http://",
            "s3://b/k",
        ] {
            let error = parse(url).expect_err(url);
            assert!(error.message.starts_with("the url "), "{}", error.message);
        }
        let uri = parse(" https://host/a/b.csv.gz?x=1 ").expect("a url");
        assert_eq!(file_name(&uri), "b.csv.gz");
    }

    #[test]
    fn a_private_address_is_not_connected_to() {
        let uri = parse("http://127.0.0.1:1/x").expect("a url");
        let error = get(&uri, false).map(drop).expect_err("refused");
        assert!(error.message.contains("not public"), "{}", error.message);
        let error = get(&uri, true).map(drop).expect_err("nobody listens");
        assert!(!error.message.contains("not public"), "{}", error.message);
    }
}
