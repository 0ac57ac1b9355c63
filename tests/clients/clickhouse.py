"""clickhouse-connect, which BI tools use, against a server that serves the e-commerce example."""

import sys
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

API, TOKEN, CLICKHOUSE = sys.argv[1], sys.argv[2], urlsplit(sys.argv[4])


def connect(token=TOKEN, **more):
    return clickhouse_connect.get_client(
        host=CLICKHOUSE.hostname, port=CLICKHOUSE.port, username="anybody", password=token, **more
    )


def refused(what, code):
    try:
        what()
    except DatabaseError as error:
        assert f"Code: {code}." in str(error), error
    else:
        raise AssertionError("it was not refused")


client = connect()
assert client.server_version.count(".") >= 2, client.server_version
print("works get_client")

rows = client.query("SELECT toDateTime(7) AS at, [1, 2] AS list, 'a' AS text FROM numbers(2)").result_rows
assert len(rows) == 2 and rows[0][1:] == ([1, 2], "a"), rows
print("works query")

assert client.query("SELECT {a:Int32} + 1", parameters={"a": 4}).result_rows == [(5,)]
print("works query, with parameters")

tables = client.command("SHOW TABLES").split("\n")
assert "products" in tables and "api_product_grid" in tables, tables
print("works command, SHOW TABLES")

columns = [row[0] for row in client.query("DESCRIBE TABLE api_product_grid").result_rows]
assert columns[:2] == ["id", "name"], columns
print("works query, DESCRIBE TABLE")

own = client.query("SELECT currentDatabase()").result_rows[0][0]
named = connect(database=own)
count = named.query(f"SELECT count() FROM {own}.products").result_rows
assert count == [(0,)], count
print("works get_client, with a database")

refused(lambda: client.command("DROP TABLE products"), 62)
print("works command, the error of a statement that changes something")

refused(lambda: connect(token="wrong"), 516)
print("works get_client, the error of a wrong token")
