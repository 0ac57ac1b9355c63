// @chronark/zod-bird against a server that serves the e-commerce example.

import assert from "node:assert/strict";
import { Tinybird } from "@chronark/zod-bird";
import { z } from "zod";
import { base, product, token, works } from "./calls.mjs";

const bird = new Tinybird({ baseUrl: base, token });

await works("buildIngestEndpoint", async () => {
  const event = z.object({ category: z.string(), id: z.string(), name: z.string(), photo: z.string(), price: z.number() });
  const publish = bird.buildIngestEndpoint({ datasource: "products", event });
  const answer = await publish([product("zod-1"), product("zod-2")]);
  assert.deepEqual(answer, { successful_rows: 2, quarantined_rows: 0 });
});
await works("buildPipe", async () => {
  const list = bird.buildPipe({
    pipe: "api_ui_filters",
    parameters: z.object({ filter: z.enum(["product", "value"]), category: z.string().optional() }),
    data: z.object({ id: z.string(), value: z.string() }),
  });
  const began = Date.now();
  for (;;) {
    const answer = await list({ filter: "product", category: "new" });
    if (answer.data.some((row) => row.id === "zod-2")) break;
    assert.ok(Date.now() - began < 30_000, JSON.stringify(answer));
  }
});
