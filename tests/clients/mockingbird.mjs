// @tinybirdco/mockingbird against a server that serves the e-commerce example.

import assert from "node:assert/strict";
import { TinybirdGenerator } from "@tinybirdco/mockingbird";
import { base, token, works } from "./calls.mjs";

const schema = {
  category: { type: "mockingbird.pick", params: [{ values: ["new"] }] },
  id: { type: "string.uuid" },
  name: { type: "commerce.productName" },
  photo: { type: "mockingbird.pick", params: [{ values: ["p.svg"] }] },
  price: { type: "number.float", params: [{ min: 1, max: 9 }] },
};

async function stored() {
  const sql = "SELECT count() AS n, uniqExact(id) AS ids FROM products WHERE category = 'new' FORMAT JSON";
  const answer = await fetch(`${base}/v0/sql?q=${encodeURIComponent(sql)}&token=${token}`);
  return (await answer.json()).data[0];
}

await works("TinybirdGenerator.generate", async () => {
  let sent = 0;
  const generator = new TinybirdGenerator({ schema, endpoint: base, datasource: "products", token, eps: 50, limit: 100 });
  await generator.generate((rows) => (sent += rows.length));
  assert.equal(sent, 100);
  const began = Date.now();
  for (;;) {
    const rows = await stored();
    if (rows.n === 100 && rows.ids === 100) break;
    assert.ok(Date.now() - began < 30_000, JSON.stringify(rows));
  }
});
