use super::*;

#[test]
fn pairs_read_back() {
    let pairs = [("query", "INSERT INTO `a b` (é)\n\t+%&="), ("empty", "")];
    let text = encode_pairs(pairs);
    assert!(text.is_ascii(), "{text}");
    let read = decode_pairs(&text).expect("utf-8");
    let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(read, pairs);
}

#[test]
fn decoding_takes_what_clients_send() {
    assert_eq!(percent_decode("a+b%20c%2").as_deref(), Some("a b c%2"));
    assert_eq!(percent_decode("%zz%").as_deref(), Some("%zz%"));
    assert_eq!(percent_decode("%ff"), None);
    assert_eq!(
        decode_pairs("a&&b=1"),
        Some(vec![("a".into(), String::new()), ("b".into(), "1".into())])
    );
}

#[test]
fn summary_reads_back() {
    let summary = Summary {
        read_rows: 1,
        read_bytes: 2,
        written_rows: 3,
        written_bytes: 4,
        result_rows: 5,
        result_bytes: 6,
        elapsed_ns: u64::MAX,
    };
    assert_eq!(decode_summary(&encode_summary(&summary)), summary);
    assert_eq!(decode_summary("junk"), Summary::default());
    assert_eq!(decode_summary(r#"{"read_rows":7}"#).read_rows, 7);
}
