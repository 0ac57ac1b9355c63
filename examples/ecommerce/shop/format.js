// Numbers and times as people read them, and two small helpers for elements.

const euro = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });
const whole = new Intl.NumberFormat("en-IE", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en-IE", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const money = (value) => euro.format(value);
export const count = (value) => whole.format(value);
export const rate = (value) => (value >= 100 ? whole.format(value) : tenth.format(value));
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/** Milliseconds with their unit, or a dash when there is nothing to measure. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 1000) return `${tenth.format(ms / 1000)} s`;
  return `${ms >= 100 ? whole.format(ms) : tenth.format(ms)} ms`;
}

/** How long ago a UTC time of the server was, seen from `now` (both `YYYY-MM-DD HH:MM:SS`). */
export function ago(time, now) {
  if (!time) return "never";
  const seconds = Math.max(0, Math.round((Date.parse(`${now.replace(" ", "T")}Z`) - Date.parse(`${time.replace(" ", "T")}Z`)) / 1000));
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 2) return "just now";
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

/** An error text as a sentence, whether the server ended it with a full stop or not. */
export const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Writes text only when it differs, so that nothing on the page is touched without need. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Stock status as a word, for style hooks. */
export const statusName = (status) => ["in", "low", "out"][status] ?? "out";

export function stockWords(stock, status) {
  if (status >= 2) return ["", "Out of stock"];
  return status === 1 ? ["Only", "left"] : ["", "in stock"];
}

export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
