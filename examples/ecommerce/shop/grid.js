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
    const isSame = this.#isOrdered(rows) && this.#list.children.length === rows.length;
    const before = isSame || fresh || prefersStillness() ? null : this.#positions();
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
    if (!isSame && (fresh || !this.#holdsOrder())) this.#order(rows);
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
    showBadge(part("trending"), row);
    part("buy").disabled = row.stock_status === 2;
    part("add-to-cart").disabled = row.stock_status === 2;
  }

  #positions() {
    const places = new Map();
    for (const [id, card] of this.#cards) places.set(id, card.getBoundingClientRect());
    return places;
  }

  #isOrdered(rows) {
    return rows.every((row, i) => this.#list.children[i]?.dataset.product === row.id);
  }

  /** A button that somebody is about to press should not walk away, for a moment. */
  #holdsOrder() {
    if (!this.#list.querySelector("button:hover")) return false;
    const now = performance.now();
    this.#orderHeldSince ||= now;
    return now - this.#orderHeldSince < HOLD_ORDER_MS;
  }

  /** Moves every card but the one with the focus, because moving that one would lose the focus. */
  #order(rows) {
    this.#orderHeldSince = 0;
    const wanted = rows.map((row) => this.#cards.get(row.id));
    if (!wanted.length) return;
    const focused = wanted.indexOf(document.activeElement?.closest?.(".card"));
    const pin = Math.max(focused, 0);
    if (focused < 0 && this.#list.firstElementChild !== wanted[0]) this.#list.prepend(wanted[0]);
    for (let i = pin + 1; i < wanted.length; i += 1) {
      if (wanted[i - 1].nextElementSibling !== wanted[i]) wanted[i - 1].after(wanted[i]);
    }
    for (let i = pin - 1; i >= 0; i -= 1) {
      if (wanted[i + 1].previousElementSibling !== wanted[i]) wanted[i + 1].before(wanted[i]);
    }
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

/** Shows the trending mark in our own drawing: not every machine has a font with the flame. */
export function showBadge(badge, row) {
  badge.hidden = !row.rank_status;
  say(badge.querySelector("span"), (row.rank_status ?? "").replace(/\p{Extended_Pictographic}/gu, "").trim());
  const title = row.rank_status ? `${count(row.hits)} sold in the last hour` : "";
  if (badge.title !== title) badge.title = title;
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
