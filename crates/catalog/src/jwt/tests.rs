use super::*;
use crate::Catalog;

struct Fixture {
    _directory: tempfile::TempDir,
    catalog: Catalog,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let catalog = Catalog::open(directory.path(), None).expect("a catalog");
        Self {
            _directory: directory,
            catalog,
        }
    }

    fn key(&self) -> SecretText {
        let view = self.catalog.view();
        let workspace = &view.workspaces()[0];
        workspace
            .admin_token()
            .expect("an admin token")
            .value
            .clone()
    }

    fn claims(&self) -> Map<String, Value> {
        let workspace = self.catalog.view().workspaces()[0].workspace.id.to_string();
        let claims = json!({
            "workspace_id": workspace, "name": "frontend", "exp": 2_000_000_000_u64,
            "scopes": [
                {"type": "PIPES:READ", "resource": "top", "fixed_params": {"org": "acme"}},
                {"type": "DATASOURCES:READ", "resource": "events", "filter": "org = 'acme'"},
            ],
            "limits": {"rps": 10},
        });
        claims.as_object().expect("an object").clone()
    }

    fn verify(&self, token: &str) -> Result<Caller, JwtError> {
        self.catalog.view().verify_jwt(token, at(1_900_000_000))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

#[test]
fn a_signed_token_says_what_it_allows() {
    let fixture = Fixture::new();
    let token = sign(&fixture.key(), &fixture.claims());
    let caller = fixture.verify(token.expose()).expect("accepted");
    assert_eq!(caller.token_id(), "frontend");
    let scopes: Vec<String> = caller
        .token
        .scopes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        scopes,
        ["PIPES:READ:top", "DATASOURCES:READ:events:org = 'acme'"]
    );
    let signed = caller.signed.expect("claims");
    assert_eq!(signed.rps, Some(10));
    assert_eq!(signed.fixed_params["top"]["org"], json!("acme"));
}

#[test]
fn time_ends_it() {
    let fixture = Fixture::new();
    let token = sign(&fixture.key(), &fixture.claims());
    let verified = |second| {
        let view = fixture.catalog.view();
        view.verify_jwt(token.expose(), at(second)).map(drop)
    };
    assert_eq!(verified(1_999_999_999), Ok(()));
    assert_eq!(verified(2_000_000_000), Err(JwtError::Expired));
}

#[test]
fn nothing_but_the_right_signature_is_accepted() {
    let fixture = Fixture::new();
    let good = sign(&fixture.key(), &fixture.claims());
    let good = good.expose();
    let (text, signature) = good.rsplit_once('.').expect("three parts");
    let (_, payload) = text.split_once('.').expect("three parts");
    let encode = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let unsigned = format!("{}.{payload}.", encode(json!({"alg": "none"})));
    // The algorithm is pinned: the right bytes under another name do not count.
    let other = format!("{}.{payload}", encode(json!({"alg": "HS512"})));
    let mac = hmac_sha256(fixture.key().expose().as_bytes(), other.as_bytes());
    let other = format!("{other}.{}", URL_SAFE_NO_PAD.encode(mac));
    let foreign = sign(&SecretText::new("another key"), &fixture.claims());
    let mut claims = fixture.claims();
    claims.insert("exp".to_owned(), json!(2_100_000_000_u64));
    let changed = sign(&SecretText::new("x"), &claims);
    let (changed, _) = changed.expose().rsplit_once('.').expect("three parts");
    let changed = format!("{changed}.{signature}");
    for token in [
        unsigned.as_str(),
        &other,
        foreign.expose(),
        &changed,
        good.trim_end_matches(good.chars().next_back().expect("not empty")),
        &format!("{good}.x"),
        "",
        "a.b.c",
        &"a".repeat(JWT_BYTES_MAX + 1),
    ] {
        let error = fixture.verify(token).expect_err("refused");
        assert_eq!(error, JwtError::Invalid, "{token}");
    }
}

#[test]
fn refreshing_the_admin_token_revokes_it() {
    let fixture = Fixture::new();
    let token = sign(&fixture.key(), &fixture.claims());
    let view = fixture.catalog.view();
    let workspace = &view.workspaces()[0];
    let admin = workspace.admin_token().expect("an admin token").id;
    fixture
        .catalog
        .refresh_token(workspace.workspace.id, admin)
        .expect("refreshed");
    assert_eq!(
        fixture.verify(token.expose()).expect_err("refused"),
        JwtError::Invalid
    );
}

#[test]
fn claims_without_sense_are_refused_with_words() {
    let fixture = Fixture::new();
    let refused = |name: &str, value: Value| {
        let mut claims = fixture.claims();
        claims.insert(name.to_owned(), value);
        let token = sign(&fixture.key(), &claims);
        fixture.verify(token.expose()).expect_err(name)
    };
    for (name, value) in [
        ("exp", json!("tomorrow")),
        ("name", json!("")),
        ("scopes", json!("ADMIN")),
        ("scopes", json!([{"type": "ADMIN", "resource": "x"}])),
        ("scopes", json!([{"type": "PIPES:READ"}])),
        ("limits", json!({"rps": 0})),
    ] {
        assert!(
            matches!(refused(name, value), JwtError::Claims(_)),
            "{name}"
        );
    }
}
