from tinybird_sdk import define_datasource, define_endpoint, engine, node, p, t

SQL = """
    SELECT pathname, count() AS views
    FROM page_views
    GROUP BY pathname
    ORDER BY views DESC
    LIMIT {{Int32(limit, 10)}}
"""

page_views = define_datasource(
    "page_views",
    {
        "schema": {"at": t.date_time(), "pathname": t.string()},
        "engine": engine.merge_tree({"sorting_key": ["pathname", "at"]}),
    },
)

top_pages = define_endpoint(
    "top_pages",
    {
        "params": {"limit": p.int32().optional(10)},
        "nodes": [node({"name": "top", "sql": SQL})],
        "output": {"pathname": t.string(), "views": t.uint64()},
    },
)
