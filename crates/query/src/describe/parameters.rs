//! The parameters of several templates as one list.

use std::borrow::Borrow;

use birdhouse_template::{Context, ErrorKind, Parameter, Template};
use serde_json::{Map, Value};

use super::samples::samples;

/// Filled by the server, not by callers.
const SERVER_VARIABLE: &str = "job_timestamp";

/// A parameter of an endpoint, with what all its uses say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredParameter {
    /// Its name.
    pub name: String,
    /// A function of the template language, or `Array(T)`.
    pub kind: String,
    /// What a call without it uses; null when there is nothing.
    pub default: Value,
    /// Whether a call without it fails.
    pub is_required: bool,
    /// Keyword arguments: `description`, `example`, `enum`, `format`, ….
    pub keywords: Map<String, Value>,
}

/// One name with its uses so far.
struct Merged {
    name: String,
    fields: Map<String, Value>,
    rank: Rank,
}

/// How much a use says about its parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// An argument of a function without a type.
    Argument,
    /// A name, or `String(name)`: both are found as the same.
    Name,
    /// A type, a default or a keyword.
    Typed,
}

/// Returns the parameters of templates as one list, with what is required.
///
/// Without a keyword `required`, a parameter is required when templates fail without it, even if
/// one of its uses has a default; none is when the endpoint works without parameters.
pub(super) fn merge(
    templates: &[impl Borrow<Template>],
    context: &Context,
    works_without: bool,
) -> Vec<DeclaredParameter> {
    let mut merged = declared(templates);
    let all = merged.clone();
    let is_needed = |name: &str| {
        let mut templates = templates.iter().map(Borrow::borrow);
        templates.any(|template| fails_without(template, context, &all, name))
    };
    for parameter in &mut merged {
        parameter.is_required = match parameter.keywords.remove("required") {
            Some(explicit) => is_true(&explicit),
            None => !works_without && is_needed(&parameter.name),
        };
    }
    merged
}

/// Returns true when a template that accepts sample values fails without one of them.
///
/// One that refuses our samples by an `error()` of its own says only with the words of the language
/// that a parameter is missing.
fn fails_without(
    template: &Template,
    context: &Context,
    all: &[DeclaredParameter],
    name: &str,
) -> bool {
    match template.render(&samples(all, Some(name)), context) {
        Ok(_) => false,
        Err(error) => {
            error.kind == ErrorKind::Required
                || template.render(&samples(all, None), context).is_ok()
        }
    }
}

/// Returns one entry per name, in order of appearance: the first of the uses that say most counts,
/// keywords of others are added. Whether it is required is not known yet.
pub(super) fn declared(templates: &[impl Borrow<Template>]) -> Vec<DeclaredParameter> {
    let mut all: Vec<Merged> = Vec::new();
    for template in templates {
        let template = template.borrow();
        let assigned: Vec<&str> = template.assigned_names().collect();
        for parameter in template.parameters().unwrap_or_default() {
            let Some(name) = parameter.name() else {
                continue;
            };
            if name != SERVER_VARIABLE && !assigned.contains(&name) {
                add(&mut all, name, parameter);
            }
        }
    }
    all.into_iter().map(Merged::finish).collect()
}

fn add(all: &mut Vec<Merged>, name: &str, parameter: &Parameter) {
    let rank = rank(parameter);
    let fields = parameter.fields().clone();
    let Some(known) = all.iter_mut().find(|known| known.name == name) else {
        all.push(Merged {
            name: name.to_owned(),
            fields,
            rank,
        });
        return;
    };
    let other = if rank > known.rank {
        known.rank = rank;
        std::mem::replace(&mut known.fields, fields)
    } else {
        fields
    };
    for (keyword, value) in other {
        let entry = known.fields.entry(keyword).or_insert(Value::Null);
        if entry.is_null() {
            *entry = value;
        }
    }
}

fn rank(parameter: &Parameter) -> Rank {
    const ALWAYS: usize = 3;
    if parameter.is_function_argument() {
        Rank::Argument
    } else if parameter.kind() == "String"
        && parameter.default().is_null()
        && parameter.fields().len() == ALWAYS
    {
        Rank::Name
    } else {
        Rank::Typed
    }
}

impl Merged {
    fn finish(self) -> DeclaredParameter {
        let mut keywords = self.fields;
        let kind = match keywords.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => "String".to_owned(),
        };
        let default = keywords.remove("default").unwrap_or_default();
        for known in ["name", "used_in"] {
            keywords.remove(known);
        }
        keywords.retain(|_, value| !value.is_null());
        DeclaredParameter {
            name: self.name,
            kind,
            default,
            is_required: false,
            keywords,
        }
    }
}

/// What Python takes for true, and texts that people write for it.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.to_ascii_lowercase().as_str(), "" | "false" | "0"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merges templates; shows each parameter as `name type default required keywords`.
    fn merged(templates: &[&str], works_without: bool) -> String {
        let templates: Vec<Template> = templates
            .iter()
            .map(|text| Template::compile(text, None).unwrap())
            .collect();
        let shown = merge(&templates, &Context::default(), works_without)
            .into_iter()
            .map(|p| {
                let required = if p.is_required {
                    "required"
                } else {
                    "optional"
                };
                let keywords = Value::Object(p.keywords);
                format!("{} {} {} {required} {keywords}", p.name, p.kind, p.default)
            });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_use_that_says_most_counts() {
        let nodes = [
            "{% if defined(day) and flag %} {{ day }} {% end %} {{ Int32(n) }}",
            "{{ Date(day, '2024-01-01') }} {{ Int32(n, 5, description='How many') }}",
            "{{ String(day, description='The day') }}",
        ];
        assert_eq!(
            merged(&nodes, false),
            "day Date \"2024-01-01\" required {\"description\":\"The day\"}\n\
             flag String null optional {}\n\
             n Int32 5 required {\"description\":\"How many\"}"
        );
    }

    #[test]
    fn assigned_names_and_the_servers_own_are_left_out() {
        let text = "{% set a = 1 %}{% for b in [1] %}{{ b }}{{ a }}{% end %}{{ String(job_timestamp) }}{{ c }}";
        assert_eq!(merged(&[text], false), "c String null required {}");
        // They are parameters of a template that does not assign them.
        assert_eq!(
            merged(&[text, "{{ a }}"], false),
            "c String null required {}\na String null required {}"
        );
    }

    #[test]
    fn a_template_that_refuses_samples_hides_no_missing_parameter() {
        let text = "{% if by not in ['x', 'y'] %}{{ error('by must be x or y') }}{% end %}{{ column(order, 'total') }}";
        assert_eq!(
            merged(&[text, "{{ Int8(a) }}"], false),
            "by String null optional {}\norder String null optional {}\na Int8 null required {}"
        );
    }

    #[test]
    fn required_is_what_a_call_fails_without() {
        let text = "{{ Int8(a) }}{{ Int8(b, 1) }}{{ Int8(c, required=True) }}{{ Int8(d, required=False) }}{% if defined(e) %}{{ Int8(e) }}{% end %}";
        assert_eq!(
            merged(&[text], false),
            "a Int8 null required {}\nb Int8 1 optional {}\nc Int8 null required {}\n\
             d Int8 null optional {}\ne Int8 null optional {}"
        );
        assert_eq!(
            merged(&[text], true),
            "a Int8 null optional {}\nb Int8 1 optional {}\nc Int8 null required {}\n\
             d Int8 null optional {}\ne Int8 null optional {}"
        );
    }
}
