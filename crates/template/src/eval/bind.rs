//! Arguments of a call, and how they are matched with the parameters of a function.

use std::sync::Arc;

use super::exception::{Eval, type_error};
use crate::value::Value;

/// Arguments in the order of the call.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Value>,
    pub(crate) keywords: Vec<(Arc<str>, Value)>,
}

impl Args {
    pub(crate) fn positional(positional: Vec<Value>) -> Self {
        Self {
            positional,
            keywords: Vec::new(),
        }
    }

    /// Removes and returns a keyword argument.
    pub(crate) fn take_keyword(&mut self, name: &str) -> Option<Value> {
        let at = self.keywords.iter().position(|(n, _)| &**n == name)?;
        Some(self.keywords.remove(at).1)
    }
}

/// Parameters of a function that Python would define with `def`.
pub(crate) struct Signature {
    /// The name in messages.
    pub(crate) name: &'static str,
    pub(crate) params: &'static [&'static str],
    /// How many of the first parameters have no default.
    pub(crate) required: usize,
}

impl Signature {
    /// Matches arguments with parameters, in their order; the rest are `None`.
    pub(crate) fn bind<const N: usize>(&self, args: Args) -> Eval<[Option<Value>; N]> {
        let name = self.name;
        let mut bound: [Option<Value>; N] = std::array::from_fn(|_| None);
        let (given, max) = (args.positional.len(), self.params.len());
        for (place, value) in bound.iter_mut().zip(args.positional) {
            *place = Some(value);
        }
        for (keyword, value) in args.keywords {
            let Some(at) = self.params.iter().position(|p| **p == *keyword) else {
                let message = format!("{name}() got an unexpected keyword argument '{keyword}'");
                return type_error(message);
            };
            match bound.get_mut(at) {
                Some(place @ None) => *place = Some(value),
                _ => {
                    let message = format!("{name}() got multiple values for argument '{keyword}'");
                    return type_error(message);
                }
            }
        }
        if given > max {
            let takes = if self.required == max {
                let plural = if max == 1 { "" } else { "s" };
                format!("{max} positional argument{plural}")
            } else {
                format!("from {} to {max} positional arguments", self.required)
            };
            let were = if given == 1 { "was" } else { "were" };
            return type_error(format!("{name}() takes {takes} but {given} {were} given"));
        }
        let missing: Vec<String> = self
            .params
            .iter()
            .zip(&bound)
            .take(self.required)
            .filter(|(_, value)| value.is_none())
            .map(|(param, _)| format!("'{param}'"))
            .collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "" } else { "s" };
            return type_error(format!(
                "{name}() missing {} required positional argument{plural}: {}",
                missing.len(),
                join_and(&missing)
            ));
        }
        Ok(bound)
    }
}

/// Joins names as Python and the reference do: `a`, `a and b`, `a, b and c`.
pub(crate) fn join_and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
