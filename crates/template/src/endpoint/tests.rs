//! Parameters of endpoints.

use serde_json::json;

use super::{ApiType, endpoint_parameters};
use crate::Template;

#[test]
fn nodes_are_merged() {
    let texts = [
        "{% if defined(a) and b == '1' %}{{a}}{% end %}{% for i in c %}{{i}}{% end %}",
        "{{Int32(a, description='how many', enum=[1, 2], example=1)}}{{Array(ids, 'Int64', '1')}}\
         {{Date(day, required=True, default='2024-01-01')}}{{String(5)}}{{Float64(f, 0.5)}}",
        "{% set day2 = String(e, format='uri') %}{{Int32(a, 7)}}{{Boolean(g)}}{{column(col, 'x')}}",
    ];
    let templates = texts.map(|text| Template::compile(text, None).unwrap());
    let parameters = endpoint_parameters(&templates);
    let lines: Vec<String> = parameters
        .iter()
        .map(|p| {
            let element = p.element_type().map(ApiType::as_str);
            format!(
                "{} {} {}{} required={} default={} {:?} {:?} {:?} {:?}",
                p.name,
                p.kind,
                p.api_type().as_str(),
                element.map(|e| format!(" of {e}")).unwrap_or_default(),
                p.required,
                p.default,
                p.description,
                p.example,
                p.allowed,
                p.format
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn required_may_be_written_in_other_ways() {
    for (argument, expected) in [
        ("'true'", true),
        ("0", false),
        ("None", true),
        ("''", false),
    ] {
        let text = format!("{{{{String(a, required={argument})}}}}");
        let template = Template::compile(&text, None).unwrap();
        let parameters = endpoint_parameters([&template]);
        assert_eq!(parameters[0].required, expected, "{argument}");
        assert_eq!(parameters[0].default, json!(null));
    }
}
