//! What a rendering gets and gives besides the template: parameters, secrets, settings.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::json::{JsonError, JsonValue, parse};
use crate::limits::Limits;

/// How a template is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// An endpoint call: parameters without a value are `None`.
    #[default]
    Render,
    /// Validation: parameters without a value are placeholders, and error functions do nothing.
    Check,
}

/// Everything a rendering depends on besides the template and its parameters.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// How the template is run.
    pub mode: Mode,
    /// Names of the secrets that exist; names may start with `tb_secret_`.
    pub secrets: Arc<HashSet<String>>,
    /// Whether a secret that does not exist is an error in check mode, as in a deployment.
    pub checks_secrets: bool,
    /// The current time, `YYYY-MM-DD HH:MM:SS`, for the parameter `job_timestamp`.
    pub now: String,
    /// Limits of the evaluation.
    pub limits: Limits,
}

/// Request parameters by name.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    values: HashMap<Arc<str>, JsonValue>,
}

impl Parameters {
    /// Returns an empty set of parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a parameter to text, as from a query string. The empty string is a value.
    pub fn set_text(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        self.values
            .insert(name.into(), JsonValue::Str(value.into()));
    }

    /// Sets a parameter to a JSON value, as from a JSON body; `null` is the same as no value.
    pub fn set_json(&mut self, name: impl Into<Arc<str>>, value: &Json) {
        self.values.insert(name.into(), JsonValue::from_json(value));
    }

    /// Reads the text of a JSON object, keeping integers of any size exact.
    ///
    /// # Errors
    /// When the text is not a JSON object.
    pub fn from_json_text(text: &str) -> Result<Self, String> {
        match parse(text) {
            Ok(JsonValue::Object(items)) => Ok(Self {
                values: items.into_iter().collect(),
            }),
            Ok(_) => Err("parameters have to be a JSON object".to_owned()),
            Err(JsonError { message }) => Err(message),
        }
    }

    /// Returns these parameters with those of `other`, which win for the same name.
    #[must_use]
    pub fn overridden_by(&self, other: &Self) -> Self {
        let mut values = self.values.clone();
        values.extend(other.values.iter().map(|(k, v)| (Arc::clone(k), v.clone())));
        Self { values }
    }

    /// Returns whether a parameter of this name was supplied.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&JsonValue> {
        self.values.get(name)
    }

    pub(crate) fn from_values(values: impl IntoIterator<Item = (Arc<str>, JsonValue)>) -> Self {
        Self {
            values: values.into_iter().collect(),
        }
    }
}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut parameters = Self::new();
        for (name, value) in pairs {
            parameters.set_text(name, value);
        }
        parameters
    }
}

/// Settings that a template asked for, by name: `max_threads`, `cache_ttl`, `backend_hint`,
/// `activate` (a sorted list of features), `disable`.
pub type Settings = BTreeMap<String, Json>;
