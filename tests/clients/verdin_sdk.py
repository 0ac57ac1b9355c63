"""verdin against a server that serves the e-commerce example."""

import sys

from verdin import tinybird
from verdin.api.base import ApiError

BASE, TOKEN = sys.argv[1:3]
client = tinybird.Client(TOKEN, BASE)
api = client.api


def product(name):
    return {"category": "new", "id": name, "name": name, "photo": "p.svg", "price": 1.5}


def ids():
    return [row["id"] for row in client.sql("SELECT id FROM products ORDER BY id").json().data]


sent = api.events.send("products", [product("a"), product("b")], wait=True)
assert (sent.successful_rows, sent.quarantined_rows) == (2, 0), sent.json
print("works api.events.send")

appended = client.datasource("products").append([("new", "c", "c", "p.svg", 2.5)])
assert appended.ok, appended.text
assert ids() == ["a", "b", "c"], ids()
print("works datasource.append")

names = [found["name"] for found in api.datasources.list().datasources]
assert "products" in names, names
print("works api.datasources.list")

found = api.datasources.get_information("products").info
assert found["statistics"]["row_count"] == 3, found
print("works api.datasources.get_information")

answer = client.pipe("api_ui_filters").query({"filter": "product", "category": "new"})
assert [row["id"] for row in answer.data] == ["all", "a", "b", "c"], answer.data
print("works pipe.query")

names = [found["name"] for found in api.pipes.list().pipes]
assert "api_ui_filters" in names, names
assert api.pipes.get_information("api_ui_filters").info["nodes"], names
print("works api.pipes.list, get_information")

answer = api.query.query("SELECT count() AS n FROM products")
assert answer.data == [{"n": 3}], answer.data
print("works api.query.query")

names = [found["name"] for found in api.tokens.list().tokens]
assert "workspace admin token" in names, names
print("works api.tokens.list")

try:
    api.pipes.get_information("nothing")
except ApiError as error:
    assert error.status_code == 404, error
else:
    raise AssertionError("it was not refused")
print("works api.pipes.get_information, of a pipe that does not exist")

api.datasources.truncate("products")
assert ids() == [], ids()
print("works api.datasources.truncate")
