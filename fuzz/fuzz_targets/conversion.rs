//! JSON paths, types and defaults of any kind, with any values.
//!
//! The input has a type, a JSON path and a default in one line each; the rest is a body of NDJSON.
#![no_main]

use birdhouse_datafile::JsonPath;
use birdhouse_fuzz::check;
use birdhouse_ingest::{Column, Format, Schema};
use birdhouse_sql::DataType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(4, |&byte| byte == b'\n');
    let mut line = || parts.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(data_type), Some(path), Some(default)) = (line(), line(), line()) else {
        return;
    };
    let (Ok(data_type), Ok(json_path)) = (DataType::parse(data_type), JsonPath::parse(path)) else {
        return;
    };
    let shown = data_type.to_string();
    assert_eq!(DataType::parse(&shown).as_ref(), Ok(&data_type), "{shown} is read in another way");
    let column = Column {
        name: "c".to_owned(),
        data_type,
        json_path: Some(json_path),
        default: Some(default.to_owned()).filter(|default| !default.is_empty()),
    };
    if let (Ok(schema), Some(body)) = (Schema::new("d", "t", vec![column]), parts.next()) {
        check(&schema, body, Format::Ndjson);
    }
});
