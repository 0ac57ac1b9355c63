// The cart: kept in this browser, bought as a whole.

import { money, plural, say } from "./format.js";

const STORE = "hedge-and-wren.cart";
const MOST_PER_LINE = 99;

export class Cart {
  #items = new Map();
  #rows = new Map();
  #catalogue;
  #lines = document.querySelector("#cart-lines");
  #checkout = document.querySelector("#checkout");

  constructor(catalogue, onCheckout) {
    this.#catalogue = catalogue;
    this.#restore();
    this.#checkout.addEventListener("click", async () => {
      const items = [...this.#items].map(([product, quantity]) => ({ product, quantity }));
      this.#checkout.disabled = true;
      try {
        if (await onCheckout(items)) this.#items.clear();
      } finally {
        this.#changed();
      }
    });
    this.#changed();
  }

  add(id, quantity) {
    this.#items.set(id, Math.min((this.#items.get(id) ?? 0) + quantity, MOST_PER_LINE));
    this.#changed();
  }

  /** Names, prices and stock of what the shop lists now. */
  update(rows) {
    for (const row of rows) this.#rows.set(row.id, row);
    this.#show();
  }

  #restore() {
    try {
      const stored = JSON.parse(localStorage.getItem(STORE) ?? "[]");
      this.#items = new Map(stored.filter(([id, n]) => typeof id === "string" && Number.isInteger(n) && n > 0));
    } catch {
      this.#items = new Map(); // A cart that cannot be read is an empty cart.
    }
  }

  #changed() {
    try {
      localStorage.setItem(STORE, JSON.stringify([...this.#items]));
    } catch {
      // Storage may be switched off; the cart then lasts as long as the page.
    }
    this.#show();
  }

  #show() {
    const total = [...this.#items.values()].reduce((sum, n) => sum + n, 0);
    const badge = document.querySelector("#cart-count");
    badge.hidden = total === 0;
    say(badge, String(total));
    badge.setAttribute("aria-label", plural(total, "item", "items"));
    for (const line of [...this.#lines.children]) if (!this.#items.has(line.dataset.line)) line.remove();
    let price = 0;
    let isShort = false;
    for (const [id, quantity] of this.#items) {
      const row = this.#rows.get(id);
      const line = [...this.#lines.children].find((candidate) => candidate.dataset.line === id) ?? this.#line(id);
      this.#fill(line, id, quantity, row);
      price += (row?.price ?? 0) * quantity;
      isShort ||= row !== undefined && quantity > row.stock;
    }
    document.querySelector("#cart-empty").hidden = total > 0;
    document.querySelector("#cart-foot").hidden = total === 0;
    this.#lines.hidden = total === 0;
    say(document.querySelector("#cart-total"), money(price));
    say(this.#checkout, `Buy ${plural(total, "item", "items")}`);
    this.#checkout.disabled = total === 0 || isShort;
  }

  #line(id) {
    const line = document.createElement("li");
    line.className = "line";
    line.dataset.line = id;
    line.dataset.testid = "cart-item";
    line.style.setProperty("--tint", `var(--${this.#catalogue.tint(id) ?? "slate"})`);
    const image = document.createElement("img");
    image.alt = "";
    image.src = `/shop/pictures/${encodeURIComponent(id)}.svg`;
    const words = document.createElement("div");
    const stepper = document.createElement("div");
    stepper.className = "stepper";
    const less = this.#stepButton(id, -1, "−", "One less");
    const more = this.#stepButton(id, 1, "+", "One more");
    stepper.append(less, document.createElement("output"), more);
    const warning = document.createElement("p");
    warning.className = "warn";
    words.append(document.createElement("strong"), stepper, warning);
    const price = document.createElement("p");
    price.className = "price";
    line.append(image, words, price);
    this.#lines.append(line);
    return line;
  }

  #stepButton(id, by, sign, label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      const quantity = Math.min((this.#items.get(id) ?? 0) + by, MOST_PER_LINE);
      if (quantity > 0) this.#items.set(id, quantity);
      else this.#items.delete(id);
      this.#changed();
    });
    return button;
  }

  #fill(line, id, quantity, row) {
    say(line.querySelector("strong"), row?.name ?? this.#catalogue.product(id)?.name ?? id);
    say(line.querySelector("output"), String(quantity));
    say(line.querySelector(".price"), row ? money(row.price * quantity) : "");
    const short = row && quantity > row.stock;
    const text = !short ? "" : row.stock > 0 ? `Only ${row.stock} left` : "Out of stock";
    say(line.querySelector(".warn"), text);
  }
}
