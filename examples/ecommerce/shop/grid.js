// The product grid: one card per product, updated in place. A card keeps its element for as long as
// the product is listed, so focus, scroll and hover survive every update.

import { count, money, prefersStillness, say, statusName, stockWords } from "./format.js";

const HOLD_ORDER_MS = 3000;

export class Grid {
  #list;
  #template;
  #cards = new Map();
  #catalogue;
  #orderHeldSince = 0;

  constructor(list, template, catalogue) {
    this.#list = list;
    this.#template = template;
    this.#catalogue = catalogue;
  }

  showSkeletons(n) {
    for (let i = 0; i < n; i += 1) {
      const card = document.createElement("li");
      card.className = "card skeleton";
      card.setAttribute("aria-hidden", "true");
      this.#list.append(card);
    }
  }

  /** Shows exactly these rows, in this order. `fresh` rows answer a new question and appear at once. */
  update(rows, fresh) {
    for (const skeleton of this.#list.querySelectorAll(".skeleton")) skeleton.remove();
    const listed = new Set(rows.map((row) => row.id));
    const before = fresh || prefersStillness() ? null : this.#positions();
    for (const [id, card] of this.#cards) {
      if (!listed.has(id)) {
        card.remove();
        this.#cards.delete(id);
      }
    }
    for (const row of rows) {
      let card = this.#cards.get(row.id);
      if (!card) {
        card = this.#create(row);
        this.#cards.set(row.id, card);
        this.#list.append(card);
      }
      this.#fill(card, row, fresh);
    }
    if (fresh || !this.#holdsOrder(rows)) this.#order(rows);
    if (before) this.#glide(before);
  }

  #create(row) {
    const card = this.#template.content.firstElementChild.cloneNode(true);
    card.dataset.product = row.id;
    const tint = this.#catalogue.tint(row.id);
    if (tint) card.style.setProperty("--tint", `var(--${tint})`);
    return card;
  }

  #fill(card, row, quietly) {
    const part = (testid) => card.querySelector(`[data-testid="${testid}"]`);
    say(card.querySelector(".name"), row.name);
    const image = card.querySelector("img");
    if (image.getAttribute("src") !== row.photo) image.src = row.photo;
    part("open-product").setAttribute("aria-label", `Look at ${row.name}`);
    part("add-to-cart").setAttribute("aria-label", `Add ${row.name} to the cart`);
    part("buy").setAttribute("aria-label", `Buy ${row.name}`);
    say(card.querySelector(".price"), money(row.price));
    showStock(card, row, quietly);
    const badge = part("trending");
    badge.hidden = !row.rank_status;
    say(badge, row.rank_status ?? "");
    badge.title = row.rank_status ? `${count(row.hits)} sold in the last hour` : "";
    part("buy").disabled = row.stock_status === 2;
    part("add-to-cart").disabled = row.stock_status === 2;
  }

  #positions() {
    const places = new Map();
    for (const [id, card] of this.#cards) places.set(id, card.getBoundingClientRect());
    return places;
  }

  /** A button that somebody is about to press should not walk away, for a moment. */
  #holdsOrder(rows) {
    const pointed = this.#list.querySelector("button:hover");
    const now = performance.now();
    const changed = rows.some((row, i) => this.#list.children[i]?.dataset.product !== row.id);
    if (!pointed || !changed) {
      this.#orderHeldSince = 0;
      return false;
    }
    this.#orderHeldSince ||= now;
    return now - this.#orderHeldSince < HOLD_ORDER_MS;
  }

  /** Moves every card but the one with the focus, because moving that one would lose the focus. */
  #order(rows) {
    this.#orderHeldSince = 0;
    const wanted = rows.map((row) => this.#cards.get(row.id));
    const pinned = document.activeElement?.closest?.(".card");
    const pin = pinned ? wanted.indexOf(pinned) : -1;
    if (pin >= 0) {
      wanted.slice(0, pin).forEach((card, i) => {
        if (this.#list.children[i] !== card) this.#list.insertBefore(card, this.#list.children[i]);
      });
    }
    wanted.forEach((card, i) => {
      if (i > pin && this.#list.children[i] !== card) this.#list.insertBefore(card, this.#list.children[i] ?? null);
    });
  }

  /** Lets cards that moved travel from where they were. */
  #glide(before) {
    for (const [id, card] of this.#cards) {
      const from = before.get(id);
      const to = card.getBoundingClientRect();
      const seen = to.bottom > -200 && to.top < innerHeight + 200;
      if (!seen) continue;
      if (!from) {
        card.animate([{ opacity: 0, transform: "scale(.96)" }, { opacity: 1, transform: "none" }], { duration: 260, easing: "ease-out" });
      } else if (Math.abs(from.left - to.left) > 1 || Math.abs(from.top - to.top) > 1) {
        card.animate(
          [{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: "none" }],
          { duration: 420, easing: "cubic-bezier(.2, .8, .2, 1)" },
        );
      }
    }
  }
}

/** Writes stock and status of a row into a card, a dialog or a line; shows what changed. */
export function showStock(element, row, quietly = false) {
  const number = element.querySelector(".number");
  const [before, after] = stockWords(row.stock, row.stock_status);
  element.dataset.status = statusName(row.stock_status);
  say(element.querySelector("[data-before]"), before);
  say(element.querySelector("[data-after]"), after);
  const old = number.dataset.value;
  number.dataset.value = row.stock;
  if (number.hasAttribute("data-stock")) number.dataset.stock = row.stock;
  say(number, count(row.stock));
  if (old === undefined || quietly || Number(old) === row.stock) return;
  const change = row.stock - Number(old);
  number.removeAttribute("data-delta");
  void number.offsetWidth; // Restarts the animation of a change that is still on show.
  number.dataset.delta = change > 0 ? `+${count(change)}` : `−${count(-change)}`;
  clearTimeout(number.deltaTimer);
  number.deltaTimer = setTimeout(() => number.removeAttribute("data-delta"), 1500);
}
