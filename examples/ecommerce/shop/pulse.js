// What both views of the pipeline share: reading the pulse, the numbers in it, and the small charts.

import { Poller, read } from "./net.js";

const SVG = "http://www.w3.org/2000/svg";

export const pulsePoller = (onData, onState) =>
  new Poller({ load: (signal) => read("/shop/api/pulse", signal), onData, onState });

const named = (list, key, name) => list.find((entry) => entry[key] === name);

/** Sums and look-ups over a pulse; its own `now` is the newest second of the series. */
export class Pulse {
  constructor(raw) {
    Object.assign(this, raw);
    this.now = raw.series.at(-1)?.second ?? new Date().toISOString().slice(0, 19).replace("T", " ");
  }

  source(name) {
    return named(this.ingest, "datasource", name);
  }

  materialization(name) {
    return named(this.materializations, "name", name);
  }

  endpoint(name) {
    return named(this.endpoints, "name", name);
  }

  get eventsPerSecond() {
    return this.ingest.reduce((sum, source) => sum + source.events_per_second, 0);
  }

  get rows() {
    return this.ingest.reduce((sum, source) => sum + source.rows, 0);
  }

  get quarantined() {
    return this.ingest.reduce((sum, source) => sum + source.quarantined, 0);
  }

  get calls() {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.calls, 0);
  }

  get errors() {
    return [...this.endpoints, ...this.materializations].reduce((sum, part) => sum + part.errors, 0);
  }

  values(column) {
    return this.series.map((point) => point[column]);
  }
}

function element(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** Draws one bar per value; the elements are kept and only their heights change. */
export function drawBars(svg, values, height = 40) {
  const most = Math.max(1, ...values);
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, values.length)} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  while (svg.children.length > values.length) svg.lastElementChild.remove();
  while (svg.children.length < values.length) {
    svg.append(element("rect", { x: svg.children.length + 0.14, width: 0.72, rx: 0.2 }));
  }
  values.forEach((value, i) => {
    const tall = value > 0 ? Math.max(1, (value / most) * height) : 0.6;
    svg.children[i].setAttribute("y", (height - tall).toFixed(2));
    svg.children[i].setAttribute("height", tall.toFixed(2));
    svg.children[i].classList.toggle("zero", value === 0);
  });
  return most;
}

/** How fast something moves, in three steps, so that an animation does not restart every second. */
export function pace(perSecond) {
  if (!perSecond) return "idle";
  return perSecond < 2 ? "slow" : perSecond < 25 ? "steady" : "fast";
}
