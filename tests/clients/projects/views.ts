import { defineDatasource, defineEndpoint, engine, node, p, t } from "@tinybirdco/sdk";

export const pageViews = defineDatasource("page_views", {
  schema: { at: t.dateTime(), pathname: t.string() },
  engine: engine.mergeTree({ sortingKey: ["pathname", "at"] }),
});

export const topPages = defineEndpoint("top_pages", {
  params: { limit: p.int32().optional(10) },
  nodes: [
    node({
      name: "top",
      sql: `
        SELECT pathname, count() AS views
        FROM page_views
        GROUP BY pathname
        ORDER BY views DESC
        LIMIT {{Int32(limit, 10)}}
      `,
    }),
  ],
  output: { pathname: t.string(), views: t.uint64() },
});
