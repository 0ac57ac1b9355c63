// The page behind the shop: the flow with live numbers, two charts, two tables, and the SQL on demand.

import { ago, count, duration, plural, rate, say, sentence } from "./format.js";
import { read } from "./net.js";
import { drawBars, pace, Pulse, pulsePoller } from "./pulse.js";
import { fillEndpoints, showAccuracy } from "./strip.js";

const $ = (selector) => document.querySelector(selector);
const node = (name) => $(`[data-node="${name}"]`);

// From, to, and for the long way round where it runs: how far up in the gap above the last row.
const WIRES = [
  ["warehouse_stock", "mat_stock_wh"],
  ["ecomm_events", "mat_stock_sales"],
  ["mat_stock_wh", "mv_latest_availability"],
  ["mat_stock_sales", "mv_latest_availability"],
  ["mv_latest_availability", "api_product_grid"],
  ["products", "api_ui_filters"],
  ["products", "api_product_grid", 0.34],
  ["ecomm_events", "api_product_grid", 0.66],
];

function drawWires() {
  const svg = $("#wires");
  const frame = $("#flow").getBoundingClientRect();
  svg.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  for (const [from, to, detour] of WIRES) {
    const a = node(from).getBoundingClientRect();
    const b = node(to).getBoundingClientRect();
    const [x1, x2] = [a.right - frame.left, b.left - frame.left];
    const rowGap = node("products").getBoundingClientRect().top - node("ecomm_events").getBoundingClientRect().bottom;
    let y1 = a.top - frame.top + a.height / 2;
    let y2 = b.top - frame.top + b.height / 2;
    let path;
    if (detour) {
      // Between the second and the third row, below the materializations and the stock.
      const lane = node("products").getBoundingClientRect().top - frame.top - rowGap * detour;
      y1 += (from === "products" ? -0.22 : 0.22) * a.height;
      y2 += (from === "products" ? 0.34 : 0.18) * b.height;
      const [c1, c2] = [x1 + 40, x2 - 40];
      path = `M${x1} ${y1}C${x1 + 24} ${y1} ${x1 + 16} ${lane} ${c1} ${lane}H${c2}C${x2 - 16} ${lane} ${x2 - 24} ${y2} ${x2} ${y2}`;
    } else {
      const middle = (x1 + x2) / 2;
      if (to === "mv_latest_availability") y2 += (from === "mat_stock_wh" ? -0.16 : 0.16) * b.height;
      if (to === "api_product_grid") y2 -= 0.16 * b.height;
      path = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
    }
    const id = `${from}-${to}`;
    for (const kind of ["wire", "beads"]) {
      let line = svg.querySelector(`.${kind}[data-wire="${id}"]`);
      if (!line) {
        line = document.createElementNS("http://www.w3.org/2000/svg", "path");
        line.setAttribute("class", kind);
        line.dataset.wire = id;
        line.dataset.pace = "idle";
        svg.append(line);
      }
      line.setAttribute("d", path);
    }
  }
}

function setPace(from, perSecond, to) {
  const selector = to ? `[data-wire="${from}-${to}"]` : `[data-wire^="${from}-"]`;
  for (const line of document.querySelectorAll(selector)) {
    if (line.dataset.pace !== pace(perSecond)) line.dataset.pace = pace(perSecond);
  }
}

function fill(name, value, unit, detail, isBad = false) {
  const card = node(name);
  const number = card.querySelector(".value");
  if (!number.firstElementChild) number.append(document.createElement("b"), document.createElement("span"));
  say(number.firstElementChild, value);
  say(number.lastElementChild, ` ${unit}`);
  say(card.querySelector(".detail"), detail);
  card.classList.toggle("bad", isBad);
}

function showFlow(pulse) {
  for (const source of pulse.ingest) {
    if (!node(source.datasource)) continue;
    const bad = source.quarantined > 0 ? ` · ${count(source.quarantined)} quarantined` : "";
    fill(source.datasource, rate(source.events_per_second), "rows/s", `last append ${ago(source.last_append, pulse.now)}${bad}`, bad !== "");
    setPace(source.datasource, source.events_per_second);
  }
  for (const view of pulse.materializations) {
    if (!node(view.name)) continue;
    const trouble = view.errors ? `${plural(view.errors, "error", "errors")} · ` : "";
    fill(view.name, count(view.source_rows), "source rows", `${trouble}ran ${ago(view.last_run, pulse.now)}`, view.errors > 0);
    setPace(view.name, pulse.source(view.source)?.events_per_second);
  }
  const { units, low, out_of_stock: out, products } = pulse.stock;
  fill("mv_latest_availability", count(units), "units", `${count(products)} products, ${low} low, ${out} out of stock`, pulse.accuracy.wrong > 0);
  showAccuracy($(".node .verdict"), pulse.accuracy);
  for (const endpoint of pulse.endpoints) {
    if (!node(endpoint.name)) continue;
    const errors = endpoint.errors ? ` · ${plural(endpoint.errors, "error", "errors")}` : "";
    fill(endpoint.name, duration(endpoint.p50_ms), "p50", `p95 ${duration(endpoint.p95_ms)} · ${plural(endpoint.calls, "call", "calls")}${errors}`, endpoint.errors > 0);
  }
  const gridCalls = (pulse.endpoint("api_product_grid")?.calls ?? 0) / pulse.window_seconds;
  const filterCalls = (pulse.endpoint("api_ui_filters")?.calls ?? 0) / pulse.window_seconds;
  for (const from of ["mv_latest_availability", "products", "ecomm_events"]) setPace(from, gridCalls, "api_product_grid");
  setPace("products", filterCalls, "api_ui_filters");
}

let latest = null;

function showCharts(pulse) {
  for (const chart of document.querySelectorAll(".chart")) {
    const most = drawBars(chart.querySelector("svg"), pulse.values(chart.dataset.column), 100);
    say(chart.querySelector(".most"), count(most));
    if (chart.pointed !== undefined) readOut(chart, chart.pointed);
  }
  for (const axis of document.querySelectorAll("[data-axis]")) say(axis, `${pulse.window_seconds} s ago`);
  say($("#events-now"), rate(pulse.eventsPerSecond));
  say($("#events-note"), `on average · ${count(pulse.rows)} rows, ${count(pulse.quarantined)} quarantined`);
  say($("#calls-now"), rate(pulse.calls / pulse.window_seconds));
  say($("#calls-note"), `on average · ${plural(pulse.errors, "error", "errors")}`);
}

function readOut(chart, share) {
  const output = chart.querySelector(".readout");
  const points = latest?.series ?? [];
  const point = points[Math.min(points.length - 1, Math.floor(share * points.length))];
  output.hidden = !point;
  if (!point) return;
  say(output, `${point.second.slice(11)} UTC · ${count(point[chart.dataset.column])}`);
  output.style.left = `${Math.min(Math.max(share, 0.12), 0.88) * 100}%`;
}

for (const chart of document.querySelectorAll(".chart")) {
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    chart.pointed = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
    readOut(chart, chart.pointed);
  });
  chart.addEventListener("pointerleave", () => {
    chart.pointed = undefined;
    chart.querySelector(".readout").hidden = true;
  });
}

function showSources(pulse) {
  const body = $("#source-rows");
  while (body.children.length > pulse.ingest.length) body.lastElementChild.remove();
  pulse.ingest.forEach((source, i) => {
    const row = body.children[i] ?? body.insertRow();
    const cells = [source.datasource, rate(source.events_per_second), count(source.rows), count(source.quarantined), ago(source.last_append, pulse.now)];
    while (row.children.length < cells.length) {
      const cell = document.createElement(row.children.length ? "td" : "th");
      if (!row.children.length) cell.scope = "row";
      row.append(cell);
    }
    cells.forEach((text, column) => say(row.children[column], text));
    row.classList.toggle("bad", source.quarantined > 0);
  });
}

function show(raw) {
  const pulse = new Pulse(raw);
  latest = pulse;
  say($("#window"), String(pulse.window_seconds));
  showFlow(pulse);
  showCharts(pulse);
  fillEndpoints($("#endpoint-rows"), pulse.endpoints);
  showSources(pulse);
}

function showState({ state, message, failures }) {
  $(".live").dataset.state = state;
  say($(".live-text"), { connecting: "Connecting", live: "Live", paused: "Paused", lost: "Reconnecting" }[state]);
  document.body.dataset.state = state;
  const inTrouble = state === "lost" && failures >= 2;
  if (state !== "paused") $("#trouble").hidden = !inTrouble;
  if (inTrouble) say($("#trouble-text"), sentence(message));
}

/** The queries are optional: without the route there is nothing to show. */
async function offerQueries() {
  const { queries } = await read("/shop/api/pulse/sql").catch(() => ({ queries: [] }));
  for (const { name, sql } of queries) {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = name;
    const text = document.createElement("pre");
    text.textContent = sql;
    details.append(summary, text);
    $("#query-list").append(details);
  }
  $("#queries").hidden = queries.length === 0;
}

const poller = pulsePoller(show, showState);
$("#retry").addEventListener("click", () => poller.refresh());
new ResizeObserver(drawWires).observe($("#flow"));
drawWires();
poller.start();
offerQueries();
