// The dialog with one product. Its stock is live; opening it counts as a view.

import { count, money, say } from "./format.js";
import { showBadge, showStock } from "./grid.js";

export class ProductDialog {
  #dialog;
  #catalogue;
  #row = null;
  #quantity = 1;

  constructor(dialog, catalogue, { onBuy, onCart }) {
    this.#dialog = dialog;
    this.#catalogue = catalogue;
    for (const button of dialog.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#step(Number(button.dataset.step)));
    }
    dialog.querySelector('[data-action="buy"]').addEventListener("click", () => onBuy(this.#row, this.#quantity));
    dialog.querySelector('[data-action="cart"]').addEventListener("click", () => onCart(this.#row, this.#quantity));
  }

  open(row) {
    this.#quantity = 1;
    this.#row = row;
    const words = this.#catalogue.product(row.id);
    say(this.#dialog.querySelector("#product-category"), this.#catalogue.categoryName(row.id) ?? "");
    say(this.#dialog.querySelector("#product-name"), row.name);
    say(this.#dialog.querySelector(".about"), words?.about ?? "");
    say(this.#dialog.querySelector(".price"), money(row.price));
    this.#dialog.querySelector("img").src = row.photo;
    this.#dialog.style.setProperty("--tint", `var(--${this.#catalogue.tint(row.id) ?? "slate"})`);
    this.#show(row, true);
    this.#dialog.showModal();
  }

  /** Follows the product while the dialog is open. */
  update(rows) {
    if (!this.#dialog.open) return;
    const row = rows.find((candidate) => candidate.id === this.#row.id);
    if (row) this.#show(row, false);
    else if (this.#row.stock_status < 2) {
      // It left the listing, because it sold out while nobody asked to see such products.
      this.#show({ ...this.#row, stock: 0, stock_status: 2, rank_status: null }, false);
    }
  }

  #show(row, quietly) {
    this.#row = row;
    showStock(this.#dialog, row, quietly);
    showBadge(this.#dialog.querySelector(".badge"), row);
    say(this.#dialog.querySelector(".sold"), row.hits > 0 ? `${count(row.hits)} sold this hour` : "");
    this.#step(0);
  }

  #step(by) {
    const most = Math.max(1, Math.min(this.#row.stock, 99));
    this.#quantity = Math.min(Math.max(1, this.#quantity + by), most);
    say(this.#dialog.querySelector("output"), String(this.#quantity));
    this.#dialog.querySelector('[data-step="-1"]').disabled = this.#quantity <= 1;
    this.#dialog.querySelector('[data-step="1"]').disabled = this.#quantity >= most;
    for (const button of this.#dialog.querySelectorAll("[data-action]")) button.disabled = this.#row.stock_status === 2;
  }
}
