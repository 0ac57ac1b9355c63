//! Routes of the shop: pages, the read token for the browser, and the actions of its backend.

use std::fmt::Write;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use birdhouse_catalog::SecretText;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Api;
use super::pages;
use super::pulse::{self, Pulse};

/// Kinds of products in one action.
const ITEMS_MAX: usize = 50;
/// Units of one product in one action.
const QUANTITY_MAX: u32 = 99;
/// Units of one delivery.
const RESTOCK_MAX: i32 = 1000;
/// Bytes of a product's id.
const PRODUCT_BYTES_MAX: usize = 100;

/// What the routes stand on.
#[derive(Clone)]
struct Shop {
    api: Api,
    read_token: SecretText,
    pulse: Pulse,
}

/// Returns the routes below `/shop`.
pub(crate) fn routes(api: Api, read_token: SecretText) -> Router {
    let pulse = Pulse::new(api.clone());
    Router::new()
        .route("/shop", get(pages::shop))
        .route("/shop/", get(pages::shop))
        .route("/shop/behind", get(pages::behind))
        .route("/shop/config.json", get(config))
        .route(
            "/shop/api/view",
            post(async |shop, items| act(shop, items, "view").await),
        )
        .route(
            "/shop/api/cart",
            post(async |shop, items| act(shop, items, "cart").await),
        )
        .route(
            "/shop/api/buy",
            post(async |shop, items| act(shop, items, "sale").await),
        )
        .route("/shop/api/restock", post(restock))
        .route("/shop/api/pulse", get(read_pulse))
        .route("/shop/api/pulse/sql", get(async || Json(pulse::queries())))
        .route("/shop/{*path}", get(pages::asset))
        .with_state(Shop {
            api,
            read_token,
            pulse,
        })
}

async fn config(State(shop): State<Shop>) -> Json<Value> {
    Json(json!({ "read_token": shop.read_token.expose(), "append": false }))
}

#[derive(Debug, Deserialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    product: String,
    quantity: u32,
}

/// Appends one event per unit.
async fn act(State(shop): State<Shop>, body: String, event: &str) -> Response {
    let items = match serde_json::from_str::<Items>(&body) {
        Ok(Items { items }) => items,
        Err(error) => return refused(&error.to_string()),
    };
    if items.is_empty() || items.len() > ITEMS_MAX {
        return refused(&format!("send 1 to {ITEMS_MAX} items"));
    }
    if let Some(bad) = items
        .iter()
        .find(|item| !(1..=QUANTITY_MAX).contains(&item.quantity))
    {
        return refused(&format!(
            "the quantity of {} must be 1 to {QUANTITY_MAX}",
            bad.product
        ));
    }
    if items.iter().any(|item| !is_product(&item.product)) {
        return refused("a product's id has 1 to 100 characters");
    }
    let timestamp = now();
    let mut rows = String::new();
    for item in &items {
        let row = json!({ "timestamp": timestamp, "event": event, "product": item.product });
        for _ in 0..item.quantity {
            // Writing to a String cannot fail.
            writeln!(rows, "{row}").ok();
        }
    }
    append(&shop, "ecomm_events", rows).await
}

#[derive(Debug, Deserialize)]
struct Restock {
    product: String,
    amount: i32,
}

async fn restock(State(shop): State<Shop>, body: String) -> Response {
    let Restock { product, amount } = match serde_json::from_str(&body) {
        Ok(restock) => restock,
        Err(error) => return refused(&error.to_string()),
    };
    if !(1..=RESTOCK_MAX).contains(&amount) || !is_product(&product) {
        return refused(&format!("the amount must be 1 to {RESTOCK_MAX}"));
    }
    let row =
        json!({ "timestamp": now(), "product": product, "store": "counter", "amount": amount });
    append(&shop, "warehouse_stock", format!("{row}\n")).await
}

async fn append(shop: &Shop, datasource: &str, rows: String) -> Response {
    match shop.api.append(datasource, rows).await {
        Ok(answer) => Json(json!({ "accepted": answer.successful_rows })).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn read_pulse(State(shop): State<Shop>) -> Response {
    match shop.pulse.read().await {
        Ok(pulse) => Json(pulse).into_response(),
        Err(error) => unavailable(&error),
    }
}

fn is_product(id: &str) -> bool {
    (1..=PRODUCT_BYTES_MAX).contains(&id.len())
}

/// Returns the time now as the data sources take it.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn refused(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": message }))).into_response()
}

fn unavailable(error: &anyhow::Error) -> Response {
    tracing::warn!(error = %format!("{error:#}"), "the demo's backend could not do what the shop asked");
    let body = json!({ "error": "the shop cannot do this right now; try again" });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}
