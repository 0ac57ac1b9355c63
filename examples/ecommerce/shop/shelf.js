// The three products that trend, above the grid.

import { count, say } from "./format.js";

export class Shelf {
  #list;
  #catalogue;
  #open;

  constructor(list, catalogue, open) {
    this.#list = list;
    this.#catalogue = catalogue;
    this.#open = open;
  }

  update(rows) {
    const trending = rows
      .filter((row) => row.rank_status)
      .sort((a, b) => a.stock_status - b.stock_status || b.hits - a.hits || (a.id < b.id ? -1 : 1));
    while (this.#list.children.length > trending.length) this.#list.lastElementChild.remove();
    trending.forEach((row, i) => this.#fill(this.#list.children[i] ?? this.#place(), row));
  }

  #place() {
    const place = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const image = document.createElement("img");
    image.alt = "";
    const words = document.createElement("span");
    words.append(document.createElement("strong"), document.createElement("small"));
    button.append(image, words);
    button.addEventListener("click", () => this.#open(place.dataset.trending));
    place.append(button);
    this.#list.append(place);
    return place;
  }

  #fill(place, row) {
    place.dataset.trending = row.id;
    place.style.setProperty("--tint", `var(--${this.#catalogue.tint(row.id) ?? "slate"})`);
    const image = place.querySelector("img");
    if (image.getAttribute("src") !== row.photo) image.src = row.photo;
    say(place.querySelector("strong"), row.name);
    say(place.querySelector("small"), row.hits > 0 ? `${count(row.hits)} sold` : "First in line");
  }
}
