//! Signed tokens: JSON Web Tokens (RFC 7519) whose claims say what they allow.
//!
//! Nothing of them is stored. The key is the value of the workspace's admin token, so refreshing that
//! one revokes all of them. The only algorithm is HS256, whatever a header says.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::limits::JWT_BYTES_MAX;
use crate::vault::hmac_sha256;
use crate::view::{Caller, CatalogView, WorkspaceView};
use crate::{ResourceKind, Scope, Scopes, SecretText, Token, TokenOrigin, WorkspaceId};

#[cfg(test)]
mod tests;

/// What the claims of a signed token say besides its scopes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signed {
    /// Parameters that a pipe gets whatever the request says, by the pipe's name.
    pub fixed_params: BTreeMap<String, Map<String, Value>>,
    /// Requests per second that all tokens of this name may make together.
    pub rps: Option<u32>,
}

/// Why a signed token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It is no signed token of ours, or somebody changed it.
    #[error("invalid authentication token")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is signed as it should be, and its claims make no sense.
    #[error("the token's {0}")]
    Claims(String),
}

impl CatalogView {
    /// Returns who presents a signed token.
    ///
    /// # Errors
    /// When its signature is not that of a workspace's admin token, its time is over at `now`, or its
    /// claims are not those of a token.
    pub fn verify_jwt(&self, presented: &str, now: Timestamp) -> Result<Caller, JwtError> {
        if presented.len() > JWT_BYTES_MAX {
            return Err(JwtError::Invalid);
        }
        let (signed_text, signature) = presented.rsplit_once('.').ok_or(JwtError::Invalid)?;
        let (header, payload) = signed_text.split_once('.').ok_or(JwtError::Invalid)?;
        if object(header)?.get("alg") != Some(&json!("HS256")) {
            return Err(JwtError::Invalid);
        }
        let claims = object(payload)?;
        let workspace = claims.get("workspace_id").and_then(Value::as_str);
        let workspace = workspace.and_then(|id| Uuid::parse_str(id).ok());
        let workspace = workspace.and_then(|id| self.workspace(WorkspaceId(id)));
        let workspace = workspace.ok_or(JwtError::Invalid)?;
        let key = workspace.admin_token().ok_or(JwtError::Invalid)?;
        if !is_signed_by(&key.value, signed_text, signature) {
            return Err(JwtError::Invalid);
        }
        caller(workspace, key, &claims, (presented, now))
    }
}

/// Returns the token with these claims, signed by `key`.
#[must_use]
pub fn sign(key: &SecretText, claims: &Map<String, Value>) -> SecretText {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let payload = encode(Value::Object(claims.clone()).to_string());
    let text = format!("{header}.{payload}");
    let signature = hmac_sha256(key.expose().as_bytes(), text.as_bytes());
    SecretText::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Checks a signature in a time that does not depend on how much of it is right.
fn is_signed_by(key: &SecretText, text: &str, signature: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else {
        return false;
    };
    mac.update(text.as_bytes());
    mac.verify_slice(&signature).is_ok()
}

fn object(part: &str) -> Result<Map<String, Value>, JwtError> {
    // Why it cannot be read is of no use to whoever did not sign it.
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    let object = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    object.ok_or(JwtError::Invalid)
}

fn caller(
    workspace: &std::sync::Arc<WorkspaceView>,
    key: &Token,
    claims: &Map<String, Value>,
    (presented, now): (&str, Timestamp),
) -> Result<Caller, JwtError> {
    let wrong = |what: &str| JwtError::Claims(what.to_owned());
    let exp = claims.get("exp").and_then(Value::as_f64);
    let exp = exp.ok_or_else(|| wrong("claim 'exp' must be a time in Unix seconds"))?;
    if exp <= now.as_duration().as_secs_f64() {
        return Err(JwtError::Expired);
    }
    let name = claims.get("name").and_then(Value::as_str);
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| wrong("claim 'name' must be a text"))?;
    let listed = claims.get("scopes").and_then(Value::as_array);
    let listed = listed.ok_or_else(|| wrong("claim 'scopes' must be a list"))?;
    let mut signed = Signed {
        rps: rps(claims)?,
        ..Signed::default()
    };
    let mut scopes = Vec::with_capacity(listed.len());
    for entry in listed {
        scopes.push(scope(workspace, entry, &mut signed)?);
    }
    let token = Token {
        // The id of who signed it: it has none of its own.
        id: key.id,
        name: name.to_owned(),
        value: SecretText::new(presented),
        scopes: Scopes::new(scopes),
        origin: TokenOrigin::Signed,
        description: String::new(),
        resource_id: None,
        created_at: now,
    };
    Ok(Caller {
        workspace: workspace.clone(),
        token: token.into(),
        signed: Some(signed.into()),
    })
}

fn rps(claims: &Map<String, Value>) -> Result<Option<u32>, JwtError> {
    let Some(limit) = claims.get("limits").and_then(|limits| limits.get("rps")) else {
        return Ok(None);
    };
    let number = limit.as_u64().and_then(|rps| u32::try_from(rps).ok());
    let number = number.filter(|rps| *rps > 0);
    number.map(Some).ok_or_else(|| {
        JwtError::Claims("claim 'limits.rps' must be a whole number above 0".to_owned())
    })
}

/// Reads one entry of the claim `scopes`; a resource may be named by its id.
fn scope(workspace: &WorkspaceView, entry: &Value, signed: &mut Signed) -> Result<Scope, JwtError> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let resource = text("resource");
    if resource.is_empty() {
        return Err(JwtError::Claims(
            "scopes must each have a 'resource'".to_owned(),
        ));
    }
    let named = |kind| {
        let mut resources = workspace.resources.iter();
        let found = resources.find(|r| r.kind == kind && r.id.as_str() == resource);
        found.map_or(resource, |r| r.name.as_str()).to_owned()
    };
    let filter = Some(text("filter"))
        .filter(|filter| !filter.trim().is_empty())
        .map(str::to_owned);
    match text("type") {
        "PIPES:READ" => {
            let pipe = named(ResourceKind::Pipe);
            if let Some(params) = entry.get("fixed_params").and_then(Value::as_object) {
                let of_pipe = signed.fixed_params.entry(pipe.clone()).or_default();
                of_pipe.extend(params.clone());
            }
            Ok(Scope::PipesRead { pipe, filter })
        }
        "DATASOURCES:READ" => Ok(Scope::DatasourcesRead {
            datasource: named(ResourceKind::Datasource),
            filter,
        }),
        "DATASOURCES:APPEND" => Ok(Scope::DatasourcesAppend(named(ResourceKind::Datasource))),
        other => Err(JwtError::Claims(format!(
            "scope '{other}' is not allowed; use PIPES:READ, DATASOURCES:READ or DATASOURCES:APPEND"
        ))),
    }
}
