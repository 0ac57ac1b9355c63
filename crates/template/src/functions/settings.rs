//! Functions that request settings: each records one and prints an SQL comment line.

use serde_json::Value as Json;

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::builtins::to_int;
use crate::eval::exception::{Eval, template_error, type_error};
use crate::value::Value;

const fn one_argument(name: &'static str, params: &'static [&'static str]) -> Signature {
    Signature {
        name,
        params,
        required: 1,
    }
}

/// Durations that `cache_ttl` accepts.
const CACHE_TTLS: [&str; 5] = ["5s", "1m", "5m", "30m", "1h"];

/// Features that `activate` accepts.
const FEATURES: [&str; 3] = [
    "analyzer",
    "parallel_replicas",
    "optimize_aggregation_in_order",
];

impl Evaluator<'_> {
    pub(super) fn max_threads(&mut self, args: Args) -> Eval<Value> {
        let [threads] = one_argument("max_threads", &["threads"]).bind(args)?;
        let Ok(threads) = to_int(&threads.unwrap_or_default()) else {
            return Ok(Value::raw("-- max_threads: wrong argument\n"));
        };
        let value = Value::from(threads.clone()).to_json().unwrap_or(Json::Null);
        self.settings.insert("max_threads".to_owned(), value);
        Ok(Value::raw(format!("-- max_threads {threads}\n")))
    }

    pub(super) fn cache_ttl(&mut self, args: Args) -> Eval<Value> {
        let [ttl] = one_argument("cache_ttl", &["ttl_expression"]).bind(args)?;
        let ttl = ttl.unwrap_or_default();
        let Some(ttl) = ttl.as_str().filter(|ttl| CACHE_TTLS.contains(&&***ttl)) else {
            return template_error(
                "Invalid TTL cache expression, \
                 valid expressions are ('5s', '1m', '5m', '30m', '1h')",
            );
        };
        let value = Json::String(ttl.to_string());
        self.settings.insert("cache_ttl".to_owned(), value);
        Ok(Value::raw(format!("-- cache_ttl {ttl}\n")))
    }

    pub(super) fn backend_hint(&mut self, args: Args) -> Eval<Value> {
        let [hint] = one_argument("backend_hint", &["hint"]).bind(args)?;
        let hint = hint.unwrap_or_default();
        let text = self.str_of(&hint)?;
        let value = match hint {
            Value::None | Value::Bool(false) => Json::Null,
            _ => Json::String(text.clone()),
        };
        self.settings.insert("backend_hint".to_owned(), value);
        let is_break = |c: char| c.is_ascii_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let line = text.replace(is_break, " ");
        Ok(Value::raw(format!("-- backend_hint {line}\n")))
    }

    pub(super) fn activate(&mut self, args: Args) -> Eval<Value> {
        let [feature] = one_argument("activate", &["feature"]).bind(args)?;
        let feature = feature.unwrap_or_default();
        self.key(&feature)?;
        let text = self.str_of(&feature)?;
        if feature.as_str().is_none() || !FEATURES.contains(&&*text) {
            return template_error(format!("'{text}' is not a valid 'activate' argument"));
        }
        let name = "activate".to_owned();
        let active = self
            .settings
            .entry(name)
            .or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(features) = active {
            let feature = Json::String(text.clone());
            if !features.contains(&feature) {
                features.push(feature);
                features.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
        }
        Ok(Value::raw(format!("-- activate {text}\n")))
    }

    pub(super) fn disable(&mut self, args: Args) -> Eval<Value> {
        let [feature] = one_argument("disable", &["feature"]).bind(args)?;
        let feature = feature.unwrap_or_default();
        let Some(text) = feature.as_str() else {
            let class = feature.type_name();
            return type_error(format!(
                "'in <string>' requires string as left operand, not {class}"
            ));
        };
        // The reference asks whether the text is a part of the only feature.
        if !"analyzer".contains(&**text) {
            return template_error(format!("'{text}' is not a valid 'disable' argument"));
        }
        let value = Json::String(text.to_string());
        self.settings.insert("disable".to_owned(), value);
        Ok(Value::raw(format!("-- disable {text}\n")))
    }
}

#[cfg(test)]
mod tests;
