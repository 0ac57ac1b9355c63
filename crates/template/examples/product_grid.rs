//! Times the rendering of a product grid of four nodes, as an endpoint call does it.
//!
//! Prints the fastest of a few rounds, which is what the code needs when nothing else runs.

use std::time::{Duration, Instant};

use birdhouse_template::{Context, Parameters, Template, TemplateError};

const NODES: [&str; 4] = [
    "
SELECT id, name, photo, price, category
FROM products
{% if defined(category) and category != 'all' %}
WHERE category = {{String(category, 'all', description='Category, or all')}}
{% end %}
",
    "
SELECT product, sum(available_stock) AS stock,
    multiIf(stock > 100, 0, stock > 0, 1, 2) AS stock_status
FROM mv_latest_availability
WHERE product IN (SELECT id FROM filter_prods)
GROUP BY product
",
    "
SELECT product, count() AS hits
FROM ecomm_events
WHERE event = 'sale' AND product IN (SELECT id FROM filter_prods)
    AND timestamp > now() - INTERVAL 1 HOUR
GROUP BY product
",
    "
SELECT id, name, stock, stock_status, hits, rank_status, photo, price
FROM filter_prods
LEFT JOIN latest_stock ON product = id
{% if not defined(show_oos) or String(show_oos, '0') != '1' %}WHERE stock_status < 2{% end %}
{% if defined(ranking) and String(ranking, '0') == '1' %}
ORDER BY stock_status, hits DESC
{% else %}
ORDER BY price DESC
{% end %}
",
];

const ROUNDS: usize = 20;
const CALLS: u32 = 2000;

fn main() -> Result<(), TemplateError> {
    let templates = NODES
        .iter()
        .map(|text| Template::compile(text, None))
        .collect::<Result<Vec<_>, _>>()?;
    let context = Context::default();
    let mut best = Duration::MAX;
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            let pairs = [("category", "shoes"), ("show_oos", "1"), ("ranking", "1")];
            let parameters: Parameters = pairs.into_iter().collect();
            for template in &templates {
                bytes += template.render(&parameters, &context)?.sql.len();
            }
        }
        best = best.min(start.elapsed() / CALLS);
    }
    let start = Instant::now();
    for text in NODES {
        Template::compile(text, None)?;
    }
    let compiling = start.elapsed();
    #[expect(clippy::print_stdout, reason = "the result of a benchmark")]
    {
        println!("render four nodes: {best:?}, compile four nodes: {compiling:?} ({bytes} bytes)");
    }
    Ok(())
}
