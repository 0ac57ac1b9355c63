// @tinybirdco/charts in a browser: a page of another origin draws an endpoint with a read token.
// The third argument is that token.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { build } from "esbuild";
import { chromium } from "../browser/node_modules/playwright-core/index.mjs";
import { base, product, token, works } from "./calls.mjs";

const LIMIT_MS = 60_000;
const read = process.argv[4];

async function until(what, probe) {
  const began = Date.now();
  while (!(await probe())) assert.ok(Date.now() - began < LIMIT_MS, what);
}

/** Runs in the page. */
function redPixels(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] > 250 && data[at + 1] < 5 && data[at + 2] < 5 && data[at + 3] > 250) count += 1;
  }
  return count;
}
const rows = [product("a", 3), product("b", 5)].map((row) => JSON.stringify(row)).join("\n");
const answer = await fetch(`${base}/v0/events?name=products&wait=true`, {
  method: "POST",
  headers: { authorization: `Bearer ${token}` },
  body: rows,
});
assert.equal(answer.status, 200, await answer.text());

const bundle = await build({
  entryPoints: [new URL("charts_page.jsx", import.meta.url).pathname],
  bundle: true,
  write: false,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
});
const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="root"></div>
<script>window.birdhouse = ${JSON.stringify({ base, token: read })}</script>
<script>${bundle.outputFiles[0].text.replaceAll("</script", "<\\/script")}</script>`;
const site = createServer((_, response) => {
  response.setHeader("content-type", "text/html").end(page);
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
try {
  const tab = await browser.newPage();
  const problems = [];
  const answers = [];
  tab.on("pageerror", (error) => problems.push(`${error}`));
  tab.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  tab.on("response", (response) => {
    if (response.url().startsWith(base)) answers.push(response);
  });
  await tab.goto(`http://127.0.0.1:${site.address().port}/`);
  for (const [index, chart] of ["BarChart", "LineChart", "PieChart"].entries()) {
    await works(chart, async () => {
      const canvas = tab.locator("#root canvas").nth(index);
      await canvas.waitFor({ timeout: LIMIT_MS });
      await until("the data is drawn", async () => (await canvas.evaluate(redPixels)) > 20);
    });
  }
  await works("data of the endpoint, from another origin", async () => {
    assert.ok(answers.length > 0, "the page asked for nothing");
    assert.ok(answers.every((one) => one.status() === 200), answers.map((one) => one.status()).join());
    const { data } = await answers[0].json();
    assert.deepEqual(data.map((row) => row.price), [5, 3]);
    assert.deepEqual(problems, []);
  });
} finally {
  await browser.close();
  site.close();
}
