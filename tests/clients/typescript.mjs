// @tinybirdco/sdk against a server that serves the e-commerce example.

import assert from "node:assert/strict";
import { writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient, createTinybirdApi } from "@tinybirdco/sdk";
import { base, product, token, works } from "./calls.mjs";

const api = createTinybirdApi({ baseUrl: base, token });
const client = createClient({ baseUrl: base, token });
const ids = async () => (await api.sql("SELECT id FROM products ORDER BY id")).data.map((row) => row.id);

await works("api.ingest", async () => {
  assert.deepEqual(await api.ingest("products", product("a")), { successful_rows: 1, quarantined_rows: 0 });
});
await works("api.ingestBatch", async () => {
  const answer = await api.ingestBatch("products", [product("b"), product("c", "dear")]);
  assert.deepEqual(answer, { successful_rows: 1, quarantined_rows: 1 });
  assert.deepEqual(await ids(), ["a", "b"]);
});
await works("client.datasources.ingest", async () => {
  await client.datasources.ingest("products", product("d"));
  assert.deepEqual(await ids(), ["a", "b", "d"]);
});
await works("api.appendDatasource (file)", async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "sdk-")), "more.csv");
  writeFileSync(file, "category,id,name,photo,price\nnew,e,E,p,5\n");
  await api.appendDatasource("products", { file });
  assert.deepEqual(await ids(), ["a", "b", "d", "e"]);
});
await works("api.query", async () => {
  const answer = await api.query("api_ui_filters", { filter: "product", category: "new" });
  assert.equal(answer.rows, 5);
  assert.equal(answer.data[0].id, "all");
  assert.deepEqual(answer.meta.map((column) => column.name), ["id", "value"]);
});
await works("client.query", async () => {
  const answer = await client.query("api_ui_filters", { filter: "value", category: undefined });
  assert.deepEqual(answer.data.map((row) => row.value), ["sales", "carts", "views"]);
});
await works("api.query, an error of the endpoint", async () => {
  await assert.rejects(api.query("api_ui_filters", {}), (error) => {
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /'filter' is required/);
    return true;
  });
});
await works("api.sql", async () => {
  const answer = await api.sql("SELECT sum(price) AS price FROM products");
  assert.deepEqual(answer.data, [{ price: 1.5 * 3 + 5 }]);
});
await works("api.deleteDatasource (dryRun)", async () => {
  const answer = await api.deleteDatasource("products", { deleteCondition: "id = 'e'", dryRun: true });
  assert.equal(answer.rows_to_be_deleted, 1);
  assert.equal((await ids()).length, 4);
});
await works("api.deleteDatasource", async () => {
  await api.deleteDatasource("products", { deleteCondition: "id = 'e'" });
  const began = Date.now();
  while ((await ids()).includes("e")) assert.ok(Date.now() - began < 30_000, "the row is still there");
});
await works("api.request", async () => {
  const answer = await api.request("/v1/workspace");
  assert.equal((await answer.json()).name, "Tinybird_Local_Testing");
});
await works("client.tokens.createJWT", async () => {
  const jwt = await client.tokens.createJWT({
    name: "visitor",
    expiresAt: new Date(Date.now() + 3_600_000),
    scopes: [{ type: "PIPES:READ", resource: "api_ui_filters", fixed_params: { filter: "value" } }],
  });
  const visitor = createClient({ baseUrl: base, token: jwt.token });
  const answer = await visitor.query("api_ui_filters", { filter: "product" });
  assert.deepEqual(answer.data[0], { value: "sales" }, "the fixed parameter wins");
  await assert.rejects(visitor.query("api_product_grid", {}), (error) => error.statusCode === 403);
});
await works("api.truncateDatasource", async () => {
  await api.truncateDatasource("products");
  assert.deepEqual(await ids(), []);
});
