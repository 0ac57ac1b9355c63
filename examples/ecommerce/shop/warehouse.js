// The warehouse: what runs out first, and a delivery at the press of a button.

import { say } from "./format.js";
import { showStock } from "./grid.js";
import { act, endpoint, Poller } from "./net.js";

const SHOWN = 14;

export class Warehouse {
  #dialog = document.querySelector("#warehouse");
  #lines = document.querySelector("#warehouse-lines");
  #select = document.querySelector("#restock-product");
  #form = document.querySelector("#restock-form");
  #catalogue;
  #onDelivered;
  #onFailed;
  #poller;

  constructor(catalogue, { onDelivered, onFailed }) {
    this.#catalogue = catalogue;
    this.#onDelivered = onDelivered;
    this.#onFailed = onFailed;
    this.#poller = new Poller({
      load: (signal) => endpoint("api_product_grid", { show_oos: "1" }, signal),
      onData: (rows) => this.#show(rows),
    });
    this.#dialog.addEventListener("close", () => this.#poller.stop());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#deliver(this.#select.value, this.#select.selectedOptions[0]?.textContent ?? "");
    });
  }

  open() {
    this.#lines.replaceChildren();
    this.#dialog.showModal();
    this.#poller.start();
    this.#offerProducts();
  }

  async #offerProducts() {
    try {
      const options = await endpoint("api_ui_filters", { filter: "product" });
      const chosen = this.#select.value;
      this.#select.replaceChildren(...options.filter((row) => row.id !== "all").map((row) => new Option(row.value, row.id)));
      if (chosen) this.#select.value = chosen;
    } catch (error) {
      this.#onFailed(error);
    }
  }

  async #deliver(product, name) {
    const amount = Number(new FormData(this.#form).get("amount"));
    try {
      await act("restock", { product, amount });
      this.#onDelivered(name, amount);
      await this.#poller.refresh();
    } catch (error) {
      this.#onFailed(error);
    }
  }

  #show(rows) {
    const scarce = [...rows].sort((a, b) => a.stock - b.stock || (a.id < b.id ? -1 : 1)).slice(0, SHOWN);
    // A line stays where it is until the warehouse is opened again, also when it was just filled up.
    const present = [...this.#lines.children].map((line) => line.dataset.line);
    const wanted = [...present, ...scarce.map((row) => row.id).filter((id) => !present.includes(id))];
    for (const id of wanted) {
      const row = rows.find((candidate) => candidate.id === id);
      if (!row) continue;
      const line = [...this.#lines.children].find((candidate) => candidate.dataset.line === id) ?? this.#line(row);
      showStock(line, row);
    }
  }

  #line(row) {
    const line = document.createElement("li");
    line.className = "line";
    line.dataset.line = row.id;
    line.style.setProperty("--tint", `var(--${this.#catalogue.tint(row.id) ?? "slate"})`);
    const image = document.createElement("img");
    image.alt = "";
    image.src = row.photo;
    const words = document.createElement("div");
    const name = document.createElement("strong");
    say(name, row.name);
    const stock = document.createElement("p");
    stock.className = "stock";
    const dot = document.createElement("i");
    dot.className = "dot";
    const before = document.createElement("span");
    before.dataset.before = "";
    const number = document.createElement("b");
    number.className = "number";
    const after = document.createElement("span");
    after.dataset.after = "";
    stock.append(dot, before, number, after);
    words.append(name, stock);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.dataset.testid = "restock";
    button.dataset.restock = row.id;
    button.textContent = "Deliver";
    button.setAttribute("aria-label", `Deliver ${row.name}`);
    button.addEventListener("click", () => this.#deliver(row.id, row.name));
    line.append(image, words, button);
    this.#lines.append(line);
    return line;
  }
}
