// A customer, an operator and a phone visit the shop of a running `birdhouse demo`.
//
//   node tests/browser/shop.mjs http://127.0.0.1:7181 target/artifacts/shop
//
// Fails with a message at the first thing that is not as it must be. Keeps a picture of every step
// in the directory. CHROMIUM names another browser than /usr/bin/chromium.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

const [base, directory] = process.argv.slice(2);
assert.ok(base && directory, "usage: shop.mjs <base url> <directory for pictures>");
mkdirSync(directory, { recursive: true });

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What must not happen on any page: errors, failed requests, requests that leave the server. */
const complaints = [];

function watch(page, name) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${name}: ${error}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`)) complaints.push(`${name}: a request to ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${name}: ${response.status()} for ${response.url()}`);
  });
}

function step(text) {
  console.log(`- ${text}`);
}

/** Repeats `probe` until it returns something true; reports the last state. */
async function until(what, probe, limitMs = 10_000) {
  const began = Date.now();
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() - began < limitMs, `${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const picture = (page, name, options = {}) =>
  page.screenshot({ path: path.join(directory, `${name}.png`), animations: "disabled", ...options });

/** The cards as a customer sees them, in order. */
const cards = (page) =>
  page.locator("#grid > [data-product]").evaluateAll((list) =>
    list.map((card) => ({
      id: card.dataset.product,
      status: card.dataset.status,
      stock: Number(card.querySelector("[data-stock]").dataset.stock),
      shown: card.querySelector("[data-stock]").textContent,
      isTrending: !card.querySelector('[data-testid="trending"]').hidden,
      canBuy: !card.querySelector('[data-testid="buy"]').disabled,
    })),
  );

const card = async (page, id) => (await cards(page)).find((candidate) => candidate.id === id);
const within = (page, id, testid) => page.locator(`[data-product="${id}"]`).getByTestId(testid);

/** Presses a control whose input is drawn by its label. */
const press = (page, testid) => page.locator(`label:has([data-testid="${testid}"])`).click();

async function openShop(page, name) {
  watch(page, name);
  await page.goto(`${base}/shop`);
  await page.locator('[data-testid="live"][data-state="live"]').waitFor();
  await until("the shelves are full", async () => (await cards(page)).length > 30);
}

/** What the endpoint answers to the token of the page. */
async function listed(page, parameters) {
  const { read_token: token } = await (await page.request.get(`${base}/shop/config.json`)).json();
  const query = new URLSearchParams({ ...parameters, token });
  const answer = await page.request.get(`${base}/v0/pipes/api_product_grid.json?${query}`);
  assert.equal(answer.status(), 200, await answer.text());
  return (await answer.json()).data;
}

async function filterAndOrder(page) {
  step("everything in stock is listed, dearest first, with pictures");
  const all = await cards(page);
  assert.ok(all.every((one) => one.status !== "out" && one.canBuy), "something is out of stock");
  const prices = (await listed(page, {})).map((row) => row.price);
  assert.deepEqual(prices, [...prices].sort((a, b) => b - a));
  assert.equal(all.filter((one) => one.isTrending).length, 3, "three products trend");
  const pictures = await page.locator("#grid img").evaluateAll((list) =>
    Promise.all(list.slice(0, 8).map((image) => image.decode().then(() => image.naturalWidth, () => 0))),
  );
  assert.ok(pictures.every((width) => width > 0), `pictures are missing: ${pictures}`);
  const squeezed = await page.getByTestId("add-to-cart").evaluateAll((list) =>
    list.filter((button) => button.offsetWidth !== button.offsetHeight).length,
  );
  assert.equal(squeezed, 0, `${squeezed} round buttons are not round`);
  const overflowing = await page.locator("#grid .card").evaluateAll((list) =>
    list.filter((card) => card.scrollWidth > card.clientWidth).length,
  );
  assert.equal(overflowing, 0, `${overflowing} cards are too narrow for what they show`);
  await picture(page, "1-shop");

  step("a category lists its products only");
  const { products } = await (await page.request.get(`${base}/shop/catalogue.json`)).json();
  const ofWater = new Set(products.filter((product) => product.category === "water").map((product) => product.id));
  await press(page, "category-water");
  const water = await until("only the category is listed", async () => {
    const found = await cards(page);
    return found.length > 3 && found.every((one) => ofWater.has(one.id)) && found;
  });
  assert.ok(water.length < all.length);
  await picture(page, "2-category");
  await press(page, "category-all");
  await until("everything is listed again", async () => (await cards(page)).length > 30);
}

/** A product with enough in stock that nobody delivers it meanwhile. */
async function plenty(page, least) {
  const found = (await cards(page)).filter((one) => one.stock > least && !one.isTrending);
  assert.ok(found.length > 0, `no product has more than ${least} in stock`);
  return found.at(-1);
}

async function buy(page) {
  step("buying one lowers the stock at once");
  const one = await plenty(page, 150);
  const before = (await card(page, one.id)).stock;
  await within(page, one.id, "buy").click();
  const after = await until("the stock falls", async () => {
    const now = (await card(page, one.id)).stock;
    return now < before && now;
  });
  assert.ok(after >= before - 5, `${one.id}: ${before} before, ${after} after`);
  assert.equal((await card(page, one.id)).shown, String(after));
  await page.locator(".toast").first().waitFor();
  await picture(page, "3-bought");

  step("a cart is bought as a whole");
  const other = (await cards(page)).filter((two) => two.stock > 150 && two.id !== one.id).at(-1);
  await within(page, one.id, "add-to-cart").click();
  await within(page, other.id, "add-to-cart").click();
  await page.getByTestId("open-cart").click();
  assert.equal(await page.getByTestId("cart-item").count(), 2);
  const more = page.getByTestId("cart-item").first().getByRole("button", { name: "One more" });
  for (let n = 1; n < 20; n += 1) await more.click();
  await picture(page, "4-cart");
  const stock = async () => [(await card(page, one.id)).stock, (await card(page, other.id)).stock];
  const [mine, theirs] = await stock();
  await page.getByTestId("checkout").click();
  await page.locator("#cart").waitFor({ state: "hidden" });
  const [mineNow, theirsNow] = await stock();
  assert.ok(mineNow <= mine - 20 && mineNow >= mine - 28, `${one.id}: ${mine} before, ${mineNow} after`);
  assert.ok(theirsNow <= theirs - 1, `${other.id}: ${theirs} before, ${theirsNow} after`);
}

async function trend(page) {
  step("a product that is bought often trends");
  await press(page, "rank-trend");
  await until("three lead the list", async () => (await cards(page)).slice(0, 3).every((one) => one.isTrending));
  const chosen = await plenty(page, 320);
  for (let round = 1; !(await card(page, chosen.id)).isTrending; round += 1) {
    assert.ok(round <= 3, `${chosen.id} does not trend after ${round - 1} purchases`);
    await within(page, chosen.id, "open-product").click();
    const dialog = page.locator("#product-dialog");
    await dialog.getByTestId("product-stock").waitFor();
    if (round === 1) await picture(page, "5-product");
    const more = dialog.getByRole("button", { name: "One more" });
    for (let n = 1; n < 70; n += 1) await more.click();
    const before = (await card(page, chosen.id)).stock;
    await dialog.getByTestId("product-buy").click();
    await until("the stock falls by what was bought", async () => (await card(page, chosen.id)).stock <= before - 70);
    await dialog.locator("[data-close]").click();
  }
  await page.mouse.move(0, 0);
  const place = await until("it leads the list", async () => {
    const at = (await cards(page)).findIndex((one) => one.id === chosen.id);
    return at < 3 && { at };
  });
  assert.ok((await within(page, chosen.id, "trending").textContent()).includes("Trending"));
  console.log(`  ${chosen.id} is number ${place.at + 1}`);
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, "6-trending");
}

async function restock(page) {
  step("what is out of stock is shown on demand and cannot be bought");
  assert.ok((await cards(page)).every((one) => one.status !== "out"));
  // So far below zero that no simulated delivery brings it back meanwhile.
  const [scarcest] = (await cards(page)).toSorted((a, b) => a.stock - b.stock);
  const items = Array(10).fill({ product: scarcest.id, quantity: 99 });
  const sold = await page.request.post(`${base}/shop/api/buy`, { data: { items } });
  assert.equal(sold.status(), 200, await sold.text());
  await until("it is no longer listed", async () => !(await card(page, scarcest.id)));
  await press(page, "show-oos");
  const out = await until("it is out of stock", async () => {
    const found = (await cards(page)).filter((one) => one.status === "out");
    return found.some((one) => one.id === scarcest.id) && found;
  });
  assert.ok(out.every((one) => !one.canBuy && one.stock <= 0), JSON.stringify(out));
  await page.locator(`[data-product="${scarcest.id}"]`).scrollIntoViewIfNeeded();
  await picture(page, "7-out-of-stock");

  step("a delivery fills the shelf");
  await page.getByTestId("open-warehouse").click();
  // The first line is the product that was sold out above.
  const button = page.locator("[data-restock]").nth(1);
  await button.waitFor();
  const id = await button.getAttribute("data-restock");
  await page.locator('#restock-form label:has(input[value="250"])').click();
  const before = (await card(page, id)).stock;
  await button.click();
  const after = await until("the delivery arrives", async () => {
    const now = await card(page, id);
    return now.stock > before + 200 && now;
  });
  assert.equal(after.status, "in");
  assert.ok(after.canBuy);
  await picture(page, "8-warehouse");
  await page.locator("#warehouse [data-close]").click();
}

/** Waits until a number that people read has been two different things. */
async function moves(what, text) {
  const first = await until(`${what} is shown`, async () => /\d/.test(await text()) && text());
  const second = await until(`${what} moves from ${first}`, async () => {
    const now = await text();
    return now !== first && now;
  }, 15_000);
  console.log(`  ${what}: ${first} → ${second}`);
}

/** The view is a recount; a batch that is just arriving may be counted in one of them only. */
const recount = (page) =>
  until("the view equals a recount", async () =>
    /^All \d+ equal a recount$/.test(await page.getByTestId("pulse-accuracy").textContent()),
  );

async function behind(page) {
  step("the strip shows the pipeline at work");
  await page.getByTestId("toggle-behind").click();
  const strip = page.getByTestId("behind");
  await moves("events per second", () => strip.getByTestId("pulse-events").textContent());
  await moves("units in stock", () => strip.getByTestId("pulse-units").textContent());
  await moves("calls of the grid", () => strip.getByTestId("pulse-api_product_grid").textContent());
  await recount(strip);
  const cut = await strip.locator("td, th").evaluateAll((list) =>
    list.filter((cell) => cell.getBoundingClientRect().right > innerWidth).map((cell) => cell.textContent),
  );
  assert.deepEqual(cut, [], "the strip is wider than the window");
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, "9-strip");

  step("the page behind the shop shows all of it");
  await strip.getByRole("link", { name: "Full view" }).click();
  await page.waitForURL(`${base}/shop/behind`);
  await page.locator('[data-testid="live"][data-state="live"]').waitFor();
  const node = (name) => () => page.locator(`[data-node="${name}"] .value`).textContent();
  await moves("ecomm_events", node("ecomm_events"));
  await moves("stock now", node("mv_latest_availability"));
  for (const name of ["mat_stock_sales", "mat_stock_wh", "warehouse_stock", "products", "api_product_grid"]) {
    assert.match(await node(name)(), /\d/, `${name} shows no number`);
  }
  await recount(page);
  assert.ok((await page.locator("#query-list details").count()) >= 5, "the queries are not offered");
  await picture(page, "10-behind", { fullPage: true });
}

async function onThePhone(browser) {
  step("a phone sees the shop without scrolling sideways");
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
  const context = await browser.newContext(phone);
  const page = await context.newPage();
  await openShop(page, "phone");
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits(), "the shop is wider than the phone");
  await picture(page, "11-phone");
  const one = await plenty(page, 150);
  const before = (await card(page, one.id)).stock;
  await within(page, one.id, "buy").tap();
  await until("the stock falls", async () => (await card(page, one.id)).stock < before);
  await picture(page, "12-phone-bought");
  const small = await page.locator("#grid button:visible").evaluateAll((list) =>
    list.filter((button) => !button.matches(".name") && button.getBoundingClientRect().height < 36).length,
  );
  assert.equal(small, 0, `${small} buttons are too small for a finger`);
  await page.goto(`${base}/shop/behind`);
  await page.locator('[data-testid="live"][data-state="live"]').waitFor();
  assert.ok(await fits(), "the page behind the shop is wider than the phone");
  await picture(page, "13-phone-behind", { fullPage: true });
  await context.close();
}

async function inTheDark(browser) {
  step("at night the shop is dark");
  const context = await browser.newContext({ colorScheme: "dark", viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await openShop(page, "dark");
  const light = await page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return (red + green + blue) / 3;
  });
  assert.ok(light < 80, `the page is as light as ${light}`);
  await picture(page, "14-dark");
  await context.close();
}

async function withoutServer(browser) {
  step("a page that loses the server says so and comes back by itself");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/shop`);
  const live = page.locator('[data-testid="live"][data-state="live"]');
  await live.waitFor();
  await context.setOffline(true);
  await page.getByTestId("trouble").waitFor({ timeout: 15_000 });
  await picture(page, "15-no-server");
  await context.setOffline(false);
  await live.waitFor({ timeout: 15_000 });
  await page.getByTestId("trouble").waitFor({ state: "hidden" });
  await context.close();
}

const profile = mkdtempSync(path.join(tmpdir(), "shop-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [...FLAGS, `--crash-dumps-dir=${profile}`],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  await openShop(page, "shop");
  try {
    await filterAndOrder(page);
    await buy(page);
    await trend(page);
    await restock(page);
    await behind(page);
  } catch (error) {
    await picture(page, "failed");
    throw error;
  }
  await context.close();
  await onThePhone(browser);
  await inTheDark(browser);
  assert.deepEqual(complaints, []);
  await withoutServer(browser);
  console.log("all is well");
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
