#!/usr/bin/env python3
"""Measures the demo: time to the first page, memory, and what the gateway adds to the engine.

Starts `birdhouse demo` without traffic on an empty data directory, then asks for the product grid
in turns: once through the endpoint, once as the same SQL sent to the engine's socket. Both sides
use the same client and one connection, so their ratio is what rendering, the guard's memory,
assembly, recording and HTTP cost. Standard library only; Linux.

Usage: bench/grid_latency.py [path of the binary] [calls]
"""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/release/birdhouse"
CALLS = int(sys.argv[2]) if len(sys.argv) > 2 else 400
ADMIN = "bench-admin-token"
# What the assembly of api_product_grid gives without parameters: nodes as expressions, in order.
PIPE = pathlib.Path(__file__).parent.parent / "examples/ecommerce/endpoints/api_product_grid.pipe"


def statement():
    """Returns the endpoint's SQL for a call without parameters."""
    nodes = re.findall(r"^NODE (\w+)\n.*?^SQL >\n(.*?)(?=^NODE|^TYPE)", PIPE.read_text(), re.S | re.M)
    texts = []
    for name, sql in nodes:
        sql = sql.strip().removeprefix("%")
        sql = re.sub(r"{% if String\(category.*?{% end %}", "", sql, flags=re.S)
        sql = re.sub(r"{% if String\(ranking.*?{% else %}(.*?){% end %}", r"\1", sql, flags=re.S)
        sql = re.sub(r"{% if String\(show_oos.*?%}(.*?){% end %}", r"\1", sql, flags=re.S)
        texts.append(f"`{name}` AS (\n{sql}\n)")
    # The reader declares what is read before what reads it.
    return "WITH " + ",\n".join(texts) + "\nSELECT * FROM `endpoint`"


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the worker's Unix socket."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(connection, method, url, body=None):
    """Returns the body and the milliseconds that it took."""
    began = time.perf_counter()
    connection.request(method, url, body.encode() if body else None)
    response = connection.getresponse()
    content = response.read()
    elapsed = (time.perf_counter() - began) * 1000
    assert response.status == 200, (response.status, content[:500])
    return content, elapsed


def socket_of(pid):
    """Returns the path of the socket that a process listens on."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        link = os.readlink(f"/proc/{pid}/fd/{fd}")
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    for line in open("/proc/net/unix"):
        fields = line.split()
        if len(fields) == 8 and fields[6] in inodes and fields[7].endswith(".sock"):
            return fields[7]
    raise SystemExit("the worker has no socket")


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def main():
    with tempfile.TemporaryDirectory() as data:
        began = time.perf_counter()
        server = subprocess.Popen(
            [BINARY, "demo", "--rate", "0", "--port", "0", "--data", data],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "BIRDHOUSE_ADMIN_TOKEN": ADMIN})
        try:
            for line in server.stdout:
                if found := re.search(r"ready on http://localhost:(\d+)", line):
                    port = int(found[1])
                    break
            gateway = http.client.HTTPConnection("127.0.0.1", port)
            ask(gateway, "GET", "/shop")
            print(f"start to first page      {time.perf_counter() - began:8.2f} s, fixtures loaded")
            measure(server.pid, gateway)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)


def measure(pid, gateway):
    children = [path.read_text().split() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children")]
    worker = int(next(child for found in children for child in found))
    tables, _ = ask(gateway, "GET", "/shop/config.json")
    token = json.loads(tables)["read_token"]
    endpoint = "/v0/pipes/api_product_grid.json?" + urllib.parse.urlencode({"token": token})
    direct = EngineConnection(socket_of(worker))
    query = "SELECT name FROM system.databases WHERE name LIKE 'ws_%'"
    database, _ = ask(direct, "POST", "/?role=admin&default_format=TSV", query)
    options = {"database": database.decode().strip(), "default_format": "JSON", "role": "reader", "max_threads": 2}
    engine = "/?" + urllib.parse.urlencode(options)
    sql = statement()
    rows = [json.loads(ask(gateway, "GET", endpoint)[0])["rows"], json.loads(ask(direct, "POST", engine, sql)[0])["rows"]]
    assert rows[0] == rows[1], rows
    ours, theirs = [], []
    for _ in range(CALLS):
        ours.append(ask(gateway, "GET", endpoint)[1])
        theirs.append(ask(direct, "POST", engine, sql)[1])
    p50 = statistics.median(ours), statistics.median(theirs)
    print(f"api_product_grid p50     {p50[0]:8.2f} ms through the endpoint, {p50[1]:.2f} ms by the engine alone")
    print(f"ratio                    {p50[0] / p50[1]:8.3f}   ({CALLS} calls each, in turns, {rows[0]} rows)")
    print(f"memory, resident         {resident_mib(pid):8.0f} MiB gateway, {resident_mib(worker):.0f} MiB worker")


if __name__ == "__main__":
    main()
