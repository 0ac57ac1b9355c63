// What goes over the wire: settings, endpoint calls, actions, and polling that survives a server
// that goes away.

/** An answer that says no. The message is meant for people. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let config = null;

async function json(url, options) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.");
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new ApiError(response.status, body?.error || `The server answered ${response.status}.`);
  }
  if (body === null) throw new ApiError(response.status, "The server sent something that is not JSON.");
  return body;
}

/** Calls an endpoint with the read token and returns its rows. */
export async function endpoint(name, parameters, signal) {
  config ??= await json("/shop/config.json", { signal });
  const query = new URLSearchParams({ ...parameters, token: config.read_token });
  try {
    return (await json(`/v0/pipes/${name}.json?${query}`, { signal })).data;
  } catch (error) {
    if (error.status === 403) config = null;
    throw error;
  }
}

/** Reports a `view`, a `cart`, a `buy` or a `restock`; returns when the rows are stored. */
export function act(action, body) {
  return json(`/shop/api/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export function read(path, signal) {
  return json(path, { signal });
}

const TIMEOUT_MS = 8000;
const SLOWEST_RETRY_MS = 3000;

/**
 * Loads again and again while the page is visible. `onState` hears of "connecting", "live", "paused"
 * and "lost"; after "lost" it goes on trying, slower, and recovers by itself.
 */
export class Poller {
  #load;
  #onData;
  #onState;
  #everyMs;
  #timer = 0;
  #inFlight = null;
  #failures = 0;
  #running = false;

  constructor({ load, onData, onState = () => {}, everyMs = 1000 }) {
    this.#load = load;
    this.#onData = onData;
    this.#onState = onState;
    this.#everyMs = everyMs;
    document.addEventListener("visibilitychange", () => {
      if (!this.#running) return;
      if (document.hidden) this.#pause();
      else this.refresh();
    });
  }

  start() {
    if (this.#running) return Promise.resolve();
    this.#running = true;
    this.#onState({ state: "connecting" });
    return this.refresh();
  }

  stop() {
    this.#running = false;
    this.#pause();
  }

  /** Loads now. What is on its way is dropped, so an older answer never overtakes a newer one. */
  async refresh() {
    clearTimeout(this.#timer);
    this.#inFlight?.abort();
    const flight = new AbortController();
    this.#inFlight = flight;
    let timedOut = false;
    const timeout = setTimeout(() => {
      timedOut = true;
      flight.abort();
    }, TIMEOUT_MS);
    const started = performance.now();
    try {
      const data = await this.#load(flight.signal);
      if (this.#inFlight !== flight) return;
      this.#failures = 0;
      this.#onData(data);
      this.#onState({ state: "live", tookMs: performance.now() - started });
    } catch (error) {
      if (this.#inFlight !== flight) return;
      if (!(error instanceof ApiError) && !timedOut) throw error;
      this.#failures += 1;
      const message = timedOut ? "The server takes too long to answer." : error.message;
      this.#onState({ state: "lost", message, failures: this.#failures });
    } finally {
      clearTimeout(timeout);
      if (this.#inFlight === flight) this.#schedule();
    }
  }

  #schedule() {
    this.#inFlight = null;
    if (!this.#running) return;
    if (document.hidden) {
      this.#pause();
      return;
    }
    const delay = Math.min(this.#everyMs * 2 ** Math.min(this.#failures, 3), Math.max(SLOWEST_RETRY_MS, this.#everyMs));
    this.#timer = setTimeout(() => this.refresh(), delay);
  }

  #pause() {
    clearTimeout(this.#timer);
    const flight = this.#inFlight;
    this.#inFlight = null;
    flight?.abort();
    this.#onState({ state: "paused" });
  }
}
