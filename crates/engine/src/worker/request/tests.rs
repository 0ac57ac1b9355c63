use super::*;

fn parse(query: &str) -> UrlParameters {
    UrlParameters::parse(query).expect("valid")
}

#[track_caller]
fn refused(query: &str) -> i32 {
    UrlParameters::parse(query)
        .map(drop)
        .expect_err("refused")
        .code
}

#[test]
fn unknown_settings_roles_and_the_default_database_are_refused() {
    assert_eq!(refused("readonly=0"), code::UNKNOWN_SETTING);
    assert_eq!(refused("role=root"), code::UNKNOWN_ROLE);
    assert_eq!(refused("database=default"), code::ACCESS_DENIED);
    assert_eq!(refused("database=%ff"), code::BAD_ARGUMENTS);
}

#[test]
fn without_a_role_a_request_is_a_reader() {
    let (statement, _) = parse("").into_statement("select 1".into());
    assert_eq!(statement.role, Role::Reader);
    assert_eq!(statement.format, "TabSeparated");
}

#[test]
fn only_concatenable_formats_are_streamed() {
    let delivery = |url: &str| parse(url).into_statement("SELECT 1".into()).1;
    assert_eq!(delivery("default_format=CSV"), Delivery::Streamed);
    assert_eq!(delivery("default_format=Native"), Delivery::Streamed);
    for format in ["JSON", "JSONCompact", "CSVWithNames", "Parquet", "Nonsense"] {
        assert_eq!(
            delivery(&format!("default_format={format}")),
            Delivery::Whole
        );
    }
    let whole = "default_format=CSV&wait_end_of_query=1";
    assert_eq!(delivery(whole), Delivery::Whole);
    assert_eq!(delivery("default_format=CSV&role=admin"), Delivery::Whole);
}

#[test]
fn a_whole_result_is_bounded() {
    let (statement, _) =
        parse("default_format=JSON&max_result_bytes=0").into_statement(String::new());
    assert_ne!(
        statement
            .settings
            .get(settings::MAX_RESULT_BYTES)
            .map(String::as_str),
        Some("0")
    );
    assert!(statement.settings.contains_key(settings::MAX_RESULT_ROWS));
}

#[test]
fn an_insert_needs_a_token_and_a_format() {
    let insert = "query=INSERT+INTO+`a`.`b+c`+(`x`)++FORMAT+Native%0A";
    let error = parse(insert).into_insert().map(drop).expect_err("no token");
    assert!(
        error.message.contains("insert_deduplication_token"),
        "{error:?}"
    );
    let token = "&insert_deduplication_token=t1";
    let statement = parse(&format!("{insert}{token}"))
        .into_insert()
        .expect("valid");
    assert_eq!(statement.sql.trim_end(), "INSERT INTO `a`.`b c` (`x`)");
    assert_eq!(statement.format, "Native");
    let bare = format!("query=INSERT+INTO+a+VALUES{token}");
    let error = parse(&bare).into_insert().map(drop).expect_err("no format");
    assert_eq!(error.code, code::SYNTAX_ERROR);
}

#[test]
fn a_format_in_the_text_decides_about_streaming() {
    let delivery = |sql: &str| {
        let url = parse("default_format=JSONEachRow");
        url.into_statement(sql.to_owned()).1
    };
    assert_eq!(delivery("SELECT 1"), Delivery::Streamed);
    assert_eq!(delivery("SELECT 1 AS a FORMAT CSV"), Delivery::Streamed);
    assert_eq!(delivery("SELECT 1 AS a FORMAT JSON"), Delivery::Whole);
    assert_eq!(delivery("SELECT 'not closed"), Delivery::Whole);
}
