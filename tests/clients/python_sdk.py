"""tinybird-sdk against a server that serves the e-commerce example; see calls.mjs."""

import sys
import time
import traceback

from tinybird_sdk.client.base import create_client
from tinybird_sdk.client.types import TinybirdError

BASE, TOKEN = sys.argv[1:3]
client = create_client({"base_url": BASE, "token": TOKEN})


def product(name, price=1.5):
    return {"category": "new", "id": name, "name": name, "photo": "p.svg", "price": price}


def ids():
    rows = client.sql("SELECT id FROM products ORDER BY id")["data"]
    return [row["id"] for row in rows]


def ingest():
    answer = client.ingest("products", product("a"))
    assert (answer["successful_rows"], answer["quarantined_rows"]) == (1, 0), answer


def ingest_batch():
    answer = client.ingest_batch("products", [product("b"), product("c", "dear")])
    assert (answer["successful_rows"], answer["quarantined_rows"]) == (1, 1), answer
    assert ids() == ["a", "b"], ids()


def query():
    rows = client.query("api_ui_filters", {"filter": "product", "category": "new"})["data"]
    assert [row["id"] for row in rows] == ["all", "a", "b"], rows


def query_error():
    try:
        client.query("api_ui_filters")
    except TinybirdError as error:
        assert error.status_code == 400 and "'filter' is required" in str(error), error
    else:
        raise AssertionError("a required parameter is missing")


def delete():
    client.datasources.delete("products", {"delete_condition": "id = 'b'"})
    until = time.monotonic() + 30
    while ids() != ["a"]:
        assert time.monotonic() < until, ids()


def create_jwt():
    scopes = [{"type": "PIPES:READ", "resource": "api_ui_filters"}]
    expires_at = int(time.time()) + 3600
    jwt = client.tokens.create_jwt({"name": "visitor", "expires_at": expires_at, "scopes": scopes})
    visitor = create_client({"base_url": BASE, "token": jwt["token"]})
    assert visitor.query("api_ui_filters", {"filter": "value"})["rows"] == 3
    try:
        visitor.sql("SELECT 1 FROM products")
    except TinybirdError as error:
        assert error.status_code == 403, error
    else:
        raise AssertionError("the token may read an endpoint only")


def truncate():
    client.datasources.truncate("products")
    assert ids() == [], ids()


for call, check in [
    ("client.ingest", ingest),
    ("client.ingest_batch, client.sql", ingest_batch),
    ("client.query", query),
    ("client.query, an error of the endpoint", query_error),
    ("client.datasources.delete", delete),
    ("client.tokens.create_jwt", create_jwt),
    ("client.datasources.truncate", truncate),
]:
    try:
        check()
    except Exception:
        print(f"fails {call}")
        traceback.print_exc(file=sys.stdout)
        sys.exit(1)
    print(f"works {call}")
