// The strip below the shop: the pipeline in one line, open while one shops.

import { ago, count, duration, plural, rate, say } from "./format.js";
import { drawBars, pace, Pulse, pulsePoller } from "./pulse.js";

const STORE = "hedge-and-wren.behind";

const LAYOUT = `
  <header>
    <h2>Behind the shop</h2>
    <p class="strip-note" data-note></p>
    <a href="/shop/behind">Full view</a>
    <button type="button" class="close" aria-label="Close the strip"></button>
  </header>
  <div class="strip-body">
    <section class="figure wide-figure">
      <h3>Events in</h3>
      <p class="big"><b data-testid="pulse-events" data-events></b> per second</p>
      <svg class="bars" data-bars role="img" aria-label="Events per second over the last minute"></svg>
    </section>
    <section class="figure flow-figure">
      <h3>Pipeline</h3>
      <div class="lanes">
        <div data-lane="mat_stock_sales"><span>ecomm_events</span><i class="pipe"></i><span>mat_stock_sales</span><i class="pipe"></i><small></small></div>
        <div data-lane="mat_stock_wh"><span>warehouse_stock</span><i class="pipe"></i><span>mat_stock_wh</span><i class="pipe"></i><small></small></div>
        <p class="target"><span>mv_latest_<wbr>availability</span></p>
      </div>
    </section>
    <section class="figure">
      <h3>Stock now</h3>
      <p class="big"><b data-testid="pulse-units" data-units></b> units</p>
      <p class="small"><span data-low></span> · <span data-out></span></p>
      <p class="small verdict" data-testid="pulse-accuracy" data-accuracy></p>
    </section>
    <section class="figure wide-figure">
      <h3>Endpoints</h3>
      <table>
        <thead><tr><th></th><th>p50</th><th>p95</th><th>calls</th><th>errors</th></tr></thead>
        <tbody data-endpoints></tbody>
      </table>
    </section>
  </div>`;

export class Strip {
  #strip;
  #toggle;
  #poller;

  constructor(strip, toggle) {
    this.#strip = strip;
    this.#toggle = toggle;
    strip.innerHTML = LAYOUT;
    this.#poller = pulsePoller((raw) => this.#show(new Pulse(raw)), (state) => this.#showState(state));
    toggle.addEventListener("click", () => this.#set(strip.hidden));
    strip.querySelector(".close").addEventListener("click", () => {
      this.#set(false);
      toggle.focus();
    });
    new ResizeObserver(() => this.#makeRoom()).observe(strip);
    if (sessionStorage.getItem(STORE) === "open") this.#set(true);
  }

  #set(isOpen) {
    this.#strip.hidden = !isOpen;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    sessionStorage.setItem(STORE, isOpen ? "open" : "closed");
    if (isOpen) this.#poller.start();
    else this.#poller.stop();
    this.#makeRoom();
  }

  /** The page ends above the strip, so nothing is hidden behind it for good. */
  #makeRoom() {
    document.documentElement.style.setProperty("--strip", this.#strip.hidden ? "0px" : `${this.#strip.offsetHeight}px`);
  }

  #showState({ state, message }) {
    this.#strip.dataset.state = state;
    if (state === "lost") say(this.#part("note"), message);
  }

  #part(name) {
    return this.#strip.querySelector(`[data-${name}]`);
  }

  #show(pulse) {
    say(this.#part("note"), `last ${pulse.window_seconds} seconds, read from the service data sources by SQL`);
    say(this.#part("events"), rate(pulse.eventsPerSecond));
    drawBars(this.#part("bars"), pulse.values("events"));
    for (const lane of this.#strip.querySelectorAll("[data-lane]")) {
      const view = pulse.materialization(lane.dataset.lane);
      const source = pulse.source(view?.source);
      for (const pipe of lane.querySelectorAll(".pipe")) pipe.dataset.pace = pace(source?.events_per_second);
      lane.classList.toggle("bad", (view?.errors ?? 0) > 0);
      const trouble = view?.errors ? `${plural(view.errors, "error", "errors")} · ` : "";
      say(lane.querySelector("small"), view ? `${trouble}${count(view.source_rows)} rows · ${ago(view.last_run, pulse.now)}` : "");
    }
    say(this.#part("units"), count(pulse.stock.units));
    say(this.#part("low"), `${pulse.stock.low} low`);
    say(this.#part("out"), `${pulse.stock.out_of_stock} sold out`);
    showAccuracy(this.#part("accuracy"), pulse.accuracy);
    fillEndpoints(this.#part("endpoints"), pulse.endpoints);
  }
}

export function showAccuracy(element, { checked, wrong }) {
  element.classList.toggle("bad", wrong > 0);
  say(element, wrong > 0 ? `${plural(wrong, "product differs", "products differ")} from a recount` : `All ${count(checked)} equal a recount`);
}

/** One row per endpoint: p50, p95, calls, errors. */
export function fillEndpoints(body, endpoints) {
  while (body.children.length > endpoints.length) body.lastElementChild.remove();
  endpoints.forEach((endpoint, i) => {
    const row = body.children[i] ?? body.insertRow();
    const cells = [endpoint.name, duration(endpoint.p50_ms), duration(endpoint.p95_ms), count(endpoint.calls), count(endpoint.errors)];
    while (row.children.length < cells.length) {
      const cell = document.createElement(row.children.length ? "td" : "th");
      if (!row.children.length) cell.scope = "row";
      row.append(cell);
    }
    cells.forEach((text, column) => say(row.children[column], text));
    row.classList.toggle("bad", endpoint.errors > 0);
    row.dataset.testid = `pulse-${endpoint.name}`;
  });
}
