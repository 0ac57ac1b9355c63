// The shop page: wires the controls, the grid, the cart, the warehouse and the strip together.

import { Cart } from "./cart.js";
import { Catalogue } from "./catalogue.js";
import { plural, say, sentence } from "./format.js";
import { Grid } from "./grid.js";
import { act, endpoint, Poller, read } from "./net.js";
import { ProductDialog } from "./product.js";
import { Shelf } from "./shelf.js";
import { Strip } from "./strip.js";
import { Warehouse } from "./warehouse.js";

const $ = (selector) => document.querySelector(selector);
const view = { category: "all", show_oos: "0", ranking: "0" };
let rows = [];
let isNewQuestion = true;

function toast(text, kind = "good") {
  const message = document.createElement("p");
  message.className = "toast";
  message.dataset.kind = kind;
  message.textContent = text;
  const toasts = $("#toasts");
  // An open dialog covers everything outside of it, so messages move into it.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (toasts.parentElement !== host) host.append(toasts);
  toasts.append(message);
  while (toasts.children.length > 3) toasts.firstElementChild.remove();
  setTimeout(() => message.remove(), kind === "bad" ? 6000 : 3200);
}

const failed = (error) => toast(error.message, "bad");

/** Reports something nobody waits for. */
function report(action, product, quantity = 1) {
  act(action, { items: [{ product, quantity }] }).catch(failed);
}

async function loadCatalogue() {
  try {
    return new Catalogue(await read("/shop/catalogue.json"));
  } catch {
    return new Catalogue({ categories: [], products: [] });
  }
}

const catalogue = await loadCatalogue();
const grid = new Grid($("#grid"), $("#card-template"), catalogue);

const cart = new Cart(catalogue, async (items) => {
  const bought = await buy(items);
  if (bought) $("#cart").close();
  return bought;
});

const dialog = new ProductDialog($("#product-dialog"), catalogue, {
  onBuy: (row, quantity) => buy([{ product: row.id, quantity }], row.name),
  onCart: (row, quantity) => addToCart(row, quantity),
});

const shelf = new Shelf($("#shelf"), catalogue, openProduct);

const warehouse = new Warehouse(catalogue, {
  onDelivered: (name, amount) => {
    toast(`${amount} × ${name} delivered`);
    poller.refresh();
  },
  onFailed: failed,
});

const poller = new Poller({
  load: (signal) => endpoint("api_product_grid", view, signal),
  onData: show,
  onState: showState,
});

function show(newRows) {
  rows = newRows;
  grid.update(rows, isNewQuestion);
  isNewQuestion = false;
  shelf.update(rows);
  cart.update(rows);
  dialog.update(rows);
  const category = catalogue.categories.find((c) => c.id === view.category);
  say($("#result-count"), rows.length ? plural(rows.length, "product", "products") + (category ? ` in ${category.name}` : "") : "");
  $("#empty").hidden = rows.length > 0;
  if (!rows.length) showEmpty(category);
}

function showEmpty(category) {
  const canShowMore = view.show_oos === "0";
  const what = category ? `No ${category.name.toLowerCase()} in stock right now.` : "Nothing is in stock right now.";
  say($("#empty-text"), canShowMore ? `${what} The next delivery will show up here by itself.` : "There are no products here yet.");
  say($("#empty-action"), canShowMore ? "Show what is out of stock" : "Show all products");
}

function showState({ state, message, failures, tookMs }) {
  const live = $(".live");
  live.dataset.state = state;
  const text = { connecting: "Connecting", live: "Live", paused: "Paused", lost: "Reconnecting" }[state];
  say($(".live-text"), text);
  live.title = state === "live" ? `The last answer took ${Math.round(tookMs)} ms` : "";
  const inTrouble = state === "lost" && failures >= 2;
  if (state !== "paused") $("#trouble").hidden = !inTrouble;
  if (inTrouble) say($("#trouble-text"), sentence(message));
  $("#grid").toggleAttribute("data-stale", inTrouble && rows.length > 0);
}

async function buy(items, name) {
  try {
    const { accepted } = await act("buy", { items });
    toast(name && accepted === 1 ? `${name} is yours` : `${plural(accepted, "item is", "items are")} yours. The stock has changed already.`);
    await poller.refresh();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

function addToCart(row, quantity) {
  cart.add(row.id, quantity);
  report("cart", row.id, quantity);
  toast(`${row.name} is in the cart`);
}

function openProduct(id) {
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) return;
  dialog.open(row);
  report("view", id);
}

function ask(changes) {
  Object.assign(view, changes);
  isNewQuestion = true;
  poller.refresh();
}

function offerCategories() {
  const options = [{ id: "all", name: "Everything" }, ...catalogue.categories];
  for (const { id, name } of options) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "category";
    input.value = id;
    input.checked = id === view.category;
    input.dataset.testid = `category-${id}`;
    input.addEventListener("change", () => ask({ category: id }));
    const text = document.createElement("span");
    text.textContent = name;
    label.append(input, text);
    $("#categories").append(label);
  }
}

$("#grid").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = rows.find((candidate) => candidate.id === button?.closest(".card")?.dataset.product);
  if (!row) return;
  if (button.dataset.testid === "buy") buy([{ product: row.id, quantity: 1 }], row.name);
  else if (button.dataset.testid === "add-to-cart") addToCart(row, 1);
  else openProduct(row.id);
});

$("#show-oos").addEventListener("change", (event) => ask({ show_oos: event.target.checked ? "1" : "0" }));
for (const input of document.querySelectorAll('[name="ranking"]')) {
  input.addEventListener("change", () => ask({ ranking: input.value }));
}
$("#empty-action").addEventListener("click", () => {
  if (view.show_oos === "0") {
    $("#show-oos").checked = true;
    ask({ show_oos: "1" });
  } else $('[data-testid="category-all"]').click();
});
$("#open-cart").addEventListener("click", () => {
  $("#cart").showModal();
  // The page may list one category only; the cart needs prices and stock of everything in it.
  endpoint("api_product_grid", { show_oos: "1" }).then((all) => cart.update(all), failed);
});
$("#open-warehouse").addEventListener("click", () => warehouse.open());
$("#retry").addEventListener("click", () => poller.refresh());

for (const element of document.querySelectorAll("dialog")) {
  element.addEventListener("click", (event) => {
    if (event.target === element || event.target.closest("[data-close]")) element.close();
  });
  element.addEventListener("close", () => document.body.append($("#toasts")));
}

new Strip($("#behind"), $("#toggle-behind"));
offerCategories();
grid.showSkeletons(12);
poller.start();
