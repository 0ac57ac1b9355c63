//! Templates: compiled, rendered with parameters, checked, their parameters found, and run as whole
//! files; within their limits.
//!
//! The input is a template, then a NUL byte and the parameters as a JSON object.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_template::{Context, Limits, Mode, Parameters, Template, resolve_file};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    work_max: 1 << 20,
    output_bytes_max: 1 << 16,
    value_size_max: 1 << 16,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let (text, parameters) = input.split_once('\0').unwrap_or((input, "{}"));
    let secrets = BTreeMap::from([("s1".to_owned(), "value".to_owned())]);
    if let Ok(resolved) = resolve_file(text, "a.datasource", &secrets) {
        assert!(resolved.text.len() <= Limits::default().output_bytes_max);
    }
    let Ok(template) = Template::compile(text, Some("n")) else {
        return;
    };
    let parameters = Parameters::from_json_text(parameters).unwrap_or_default();
    template.parameters().ok();
    for mode in [Mode::Render, Mode::Check] {
        let context = Context {
            mode,
            secrets: Arc::new(secrets.keys().cloned().collect()),
            now: "2026-01-02 03:04:05".to_owned(),
            limits: LIMITS,
            ..Context::default()
        };
        match template.render(&parameters, &context) {
            Ok(rendered) => assert!(rendered.sql.len() <= LIMITS.output_bytes_max),
            Err(error) => assert!((400..600).contains(&error.status)),
        }
    }
});
