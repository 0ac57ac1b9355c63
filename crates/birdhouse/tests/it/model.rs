//! What the shop's endpoints must answer, counted here from the rows that were sent.
//!
//! Plain loops over plain rows, and no SQL, so that a mistake in the project's SQL is not repeated.

use serde::Deserialize;
use serde_json::{Value, json};

/// A product of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) category: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) price: f64,
}

/// A customer's event; `seconds_ago` counts from when the rows were made.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) seconds_ago: i64,
    pub(crate) event: &'static str,
    pub(crate) product: String,
}

/// A change of stock.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) product: String,
    pub(crate) amount: i64,
}

/// Everything that was sent.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    pub(crate) products: Vec<Product>,
    pub(crate) events: Vec<Event>,
    pub(crate) changes: Vec<Change>,
}

/// A row of `api_product_grid`, with exactly its columns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GridRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stock: i64,
    pub(crate) stock_status: u8,
    pub(crate) hits: u64,
    pub(crate) rank_status: Option<String>,
    pub(crate) photo: String,
    pub(crate) price: f64,
}

impl Product {
    pub(crate) fn photo(&self) -> String {
        format!("/shop/pictures/{}.svg", self.id)
    }
}

impl Shop {
    /// Counts the stock of a product.
    pub(crate) fn stock(&self, product: &str) -> i64 {
        let mut stock = 0;
        for change in &self.changes {
            if change.product == product {
                stock += change.amount;
            }
        }
        for event in &self.events {
            if event.product == product && event.event == "sale" {
                stock -= 1;
            }
        }
        stock
    }

    /// Counts the sales of a product in the last hour.
    fn hits(&self, product: &str) -> u64 {
        let mut hits = 0;
        for event in &self.events {
            if event.product == product && event.event == "sale" && event.seconds_ago < 3600 {
                hits += 1;
            }
        }
        hits
    }

    /// Returns what `api_product_grid` must list, in order.
    pub(crate) fn grid(
        &self,
        category: Option<&str>,
        show_oos: Option<&str>,
        ranking: Option<&str>,
    ) -> Vec<GridRow> {
        let mut rows = Vec::new();
        for product in self.in_category(category) {
            let stock = self.stock(&product.id);
            let stock_status = match stock {
                ..=0 => 2,
                1..=100 => 1,
                _ => 0,
            };
            rows.push(GridRow {
                id: product.id.clone(),
                name: product.name.clone(),
                stock,
                stock_status,
                hits: self.hits(&product.id),
                rank_status: None,
                photo: product.photo(),
                price: product.price,
            });
        }
        rows.sort_by(|a, b| {
            a.stock_status
                .cmp(&b.stock_status)
                .then(b.hits.cmp(&a.hits))
                .then(a.id.cmp(&b.id))
        });
        for row in rows.iter_mut().take(3) {
            if row.stock_status < 2 {
                row.rank_status = Some("Trending 🔥".to_owned());
            }
        }
        if show_oos != Some("1") {
            rows.retain(|row| row.stock_status < 2);
        }
        if ranking != Some("1") {
            rows.sort_by(|a, b| b.price.total_cmp(&a.price).then(a.id.cmp(&b.id)));
        }
        rows
    }

    /// Returns what `api_ui_filters` must list, in order.
    pub(crate) fn filters(&self, filter: &str, category: Option<&str>) -> Vec<Value> {
        if filter == "value" {
            return vec![
                json!({"value": "sales"}),
                json!({"value": "carts"}),
                json!({"value": "views"}),
            ];
        }
        let mut products = self.in_category(category);
        products.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        let mut rows = vec![json!({"id": "all", "value": "All"})];
        rows.extend(
            products
                .iter()
                .map(|product| json!({"id": product.id, "value": product.name})),
        );
        rows
    }

    fn in_category(&self, category: Option<&str>) -> Vec<&Product> {
        let all = matches!(category, None | Some("all"));
        self.products
            .iter()
            .filter(|product| all || Some(product.category.as_str()) == category)
            .collect()
    }
}
