#!/usr/bin/env python3
"""Writes the fixtures of the e-commerce project: a catalogue and one month in the life of the shop.

The result depends on nothing but this file and shop/catalogue.json: the same run gives the same
bytes. Time ends at ANCHOR, which is the timestamp of the newest event. A demo that wants the month
to end now adds (now - ANCHOR) to every timestamp of ecomm_events and warehouse_stock.

Usage: generate_fixtures.py            writes fixtures/
       generate_fixtures.py --check    exits with 1 when fixtures/ is not what it would write
"""

import argparse
import csv
import io
import json
import random
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANCHOR = datetime(2025, 6, 30, 12, 0, 0)
DAYS = 30
SEED = 20250630
STORES = ["hedge-lane", "harbour", "mill-road"]

# Shoppers by hour of the day, relative to each other.
HOURLY = [2, 1, 1, 1, 1, 3, 7, 11, 14, 16, 17, 16, 18, 17, 15, 15, 16, 18, 21, 24, 26, 22, 13, 6]
N_SESSIONS = 3950
N_SESSIONS_LAST_HOUR = 80

# What everybody wants in the last hour, and how much. The stock of `goldfinch-pin` is low: it sells
# best of all and still ranks behind everything that is well in stock. Two of them sell alike.
TRENDING = {
    "goldfinch-pin": 15,
    "robin-mug": 12,
    "sunflower-hearts": 10,
    "window-feeder": 9,
    "finch-binoculars": 7,
    "wren-cottage": 7,
    "suet-balls": 6,
    "sea-dish": 4,
    "dawn-print": 3,
}

# Products whose stock is not the usual few hundred units.
NEVER_DELIVERED = {"winter-bath"}
SELLS_OUT = {"half-coconut": 9, "owl-tower": 3, "swallow-cup": 6, "life-list": 8, "nest-cushion": 5, "copper-bath": 4}
RUNS_LOW = {
    "goldfinch-pin": 108, "peanut-ring": 74, "garden-chalet": 46, "swift-row": 31, "niger-seed": 96,
    "mealworms": 88, "stone-bath": 27, "rain-chain": 52, "osprey-scope": 19, "nest-camera": 61,
    "hide-stool": 44, "blue-tit-mug": 97, "owl-print": 70,
}


class Shop:
    """Stock, and the rows that explain it."""

    def __init__(self, rng):
        self.rng = rng
        self.stock = Counter()
        self.events = []
        self.deliveries = []

    def change_stock(self, at, product, store, amount):
        self.stock[product] += amount
        self.deliveries.append((at, product, store, amount))

    def record(self, at, event, product):
        if event == "sale":
            self.stock[product] -= 1
        self.events.append((at, event, product))

    def open(self, at, products):
        """The first deliveries, split over the stores."""
        for product in products:
            if product in NEVER_DELIVERED:
                continue
            wanted = SELLS_OUT.get(product) or RUNS_LOW.get(product) or self.rng.randrange(180, 520)
            first = wanted if wanted < 40 else wanted * self.rng.randrange(45, 75) // 100
            store = self.rng.choice(STORES)
            self.change_stock(at + minutes(self.rng.randrange(180)), product, store, first)
            if wanted > first:
                other = self.rng.choice([s for s in STORES if s != store])
                self.change_stock(at + minutes(180 + self.rng.randrange(90)), product, other, wanted - first)

    def morning(self, at, products):
        """The warehouse's daily round: breakage, transfers between stores, and deliveries."""
        for product in self.rng.sample(products, 5):
            if self.stock[product] > 20:
                self.change_stock(at + minutes(self.rng.randrange(60)), product, self.rng.choice(STORES), -self.rng.randrange(1, 5))
        for product in self.rng.sample(products, 2):
            if self.stock[product] > 120:
                moment, amount = at + minutes(60 + self.rng.randrange(60)), self.rng.randrange(10, 40)
                source, target = self.rng.sample(STORES, 2)
                self.change_stock(moment, product, source, -amount)
                self.change_stock(moment, product, target, amount)
        for product in products:
            if product in SELLS_OUT or product in NEVER_DELIVERED:
                continue
            is_scarce = product in RUNS_LOW
            if self.stock[product] < (15 if is_scarce else 170):
                amount = 30 if is_scarce else self.rng.randrange(5, 11) * 25
                self.change_stock(at + minutes(120 + self.rng.randrange(60)), product, self.rng.choice(STORES), amount)

    def visit(self, at, choose):
        """One shopper looks at a few products and perhaps buys some."""
        for _ in range(self.rng.choice([1, 2, 2, 3, 3, 4, 5, 7])):
            product = choose()
            self.record(at, "view", product)
            at += timedelta(seconds=self.rng.randrange(8, 90))
            if self.rng.random() < 0.30:
                self.record(at, "cart", product)
                at += timedelta(seconds=self.rng.randrange(15, 140))
                if self.rng.random() < 0.42 and self.stock[product] > 0:
                    self.record(at, "sale", product)


def minutes(n):
    return timedelta(minutes=n)


def session_starts(rng):
    """When shoppers come: by the hour of the day, a little more towards the end of the month."""
    start = ANCHOR - timedelta(days=DAYS)
    last = ANCHOR - minutes(90)
    hours = [start + timedelta(hours=h) for h in range(DAYS * 24)]
    weights = [HOURLY[h.hour] * (0.85 + 0.3 * i / len(hours)) for i, h in enumerate(hours)]
    starts = [h + timedelta(seconds=rng.randrange(3600)) for h in rng.choices(hours, weights, k=N_SESSIONS)]
    return sorted(s for s in starts if s < last)


def last_hour(shop, rng, choose):
    """A busy hour with clear winners. It ends with the newest event, at ANCHOR exactly."""
    start = ANCHOR - minutes(57)
    for product, sales in TRENDING.items():
        for _ in range(sales):
            at = start + timedelta(seconds=rng.randrange(3200))
            shop.record(at, "view", product)
            shop.record(at + timedelta(seconds=rng.randrange(10, 60)), "cart", product)
            shop.record(at + timedelta(seconds=rng.randrange(60, 200)), "sale", product)
    for _ in range(N_SESSIONS_LAST_HOUR):
        at = start + timedelta(seconds=rng.randrange(2900))
        for _ in range(rng.randrange(1, 4)):
            product = choose()
            shop.record(at, "view", product)
            at += timedelta(seconds=rng.randrange(8, 80))
        if rng.random() < 0.3 and product not in TRENDING and shop.stock[product] > 0:
            shop.record(at, "cart", product)
            shop.record(at + timedelta(seconds=rng.randrange(15, 140)), "sale", product)
    shop.record(ANCHOR, "view", "robin-mug")


def simulate(products):
    rng = random.Random(SEED)
    shop = Shop(rng)
    popularity = [rng.paretovariate(1.6) for _ in products]
    choose = lambda: rng.choices(products, popularity)[0]  # noqa: E731
    start = ANCHOR - timedelta(days=DAYS)
    shop.open(start - timedelta(hours=7), products)
    next_morning = (start + timedelta(days=1)).replace(hour=5, minute=0)
    for at in session_starts(rng):
        while at >= next_morning:
            shop.morning(next_morning, products)
            next_morning += timedelta(days=1)
        shop.visit(at, choose)
    last_hour(shop, rng, choose)
    shop.events.sort()
    shop.deliveries.sort()
    assert shop.events[-1][0] == ANCHOR, "the newest event is at the anchor"
    assert shop.deliveries[-1][0] < ANCHOR
    return shop


def check_story(shop, products):
    """The fixtures have to show every state the shop can be in."""
    stock = Counter(stock=0)
    for _, product, _, amount in shop.deliveries:
        stock[product] += amount
    for _, event, product in shop.events:
        stock[product] -= event == "sale"
    state = lambda p: "in" if stock[p] > 100 else "low" if stock[p] > 0 else "out"  # noqa: E731
    counts = Counter(state(p) for p in products)
    assert counts["in"] >= 40 and counts["low"] >= 8 and 4 <= counts["out"] <= 10, counts
    assert state("goldfinch-pin") == "low" and all(state(p) == "in" for p in list(TRENDING)[1:]), stock
    assert all(stock[p] >= 0 for p in products), stock
    return counts


def ndjson(columns, rows):
    def plain(value):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value

    lines = (json.dumps(dict(zip(columns, map(plain, row))), separators=(",", ":")) for row in rows)
    return "".join(line + "\n" for line in lines)


def catalogue_csv(catalogue):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["category", "id", "name", "photo", "price"])
    for p in catalogue["products"]:
        writer.writerow([p["category"], p["id"], p["name"], f"/shop/pictures/{p['id']}.svg", p["price"]])
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser(description="Write the fixtures of the e-commerce project")
    parser.add_argument("--check", action="store_true", help="only compare with what is there")
    check = parser.parse_args().check

    catalogue = json.loads((HERE / "shop" / "catalogue.json").read_text(encoding="utf-8"))
    products = [p["id"] for p in catalogue["products"]]
    shop = simulate(products)
    counts = check_story(shop, products)
    files = {
        "products.csv": catalogue_csv(catalogue),
        "ecomm_events.ndjson": ndjson(["timestamp", "event", "product"], shop.events),
        "warehouse_stock.ndjson": ndjson(["timestamp", "product", "store", "amount"], shop.deliveries),
    }
    stale = []
    for name, text in files.items():
        path = HERE / "fixtures" / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    events = Counter(event for _, event, _ in shop.events)
    print(f"{len(products)} products {dict(counts)}, {len(shop.events)} events {dict(events)}, {len(shop.deliveries)} stock changes, anchor {ANCHOR}")
    if stale:
        sys.exit(f"stale: {', '.join(stale)}; run generate_fixtures.py")


if __name__ == "__main__":
    main()
