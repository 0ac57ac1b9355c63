#!/usr/bin/env python3
"""Draws shop/pictures/<id>.svg for every product of shop/catalogue.json.

Each entry of the catalogue names a drawing and its colours. A drawing is a function of that name in
drawing/, one file per category; it gets a pen and the colours. All of it is our own work.

Usage: draw_pictures.py            writes the pictures
       draw_pictures.py --check    exits with 1 when they are not what it would write
"""

import argparse
import json
import sys
from html import escape
from pathlib import Path

sys.dont_write_bytecode = True

from drawing import feeders, field, home, houses, seed, water  # noqa: E402
from drawing.pen import PALETTE, Pen  # noqa: E402

HERE = Path(__file__).resolve().parent
DRAWINGS = feeders.DRAWINGS | houses.DRAWINGS | seed.DRAWINGS | water.DRAWINGS | field.DRAWINGS | home.DRAWINGS


def draw(product):
    kind, *arguments = product["drawing"]
    pen = Pen(escape(product["name"]))
    DRAWINGS[kind](pen, *(PALETTE.get(a, a) for a in arguments))
    return pen.svg()


def main():
    parser = argparse.ArgumentParser(description="Draw the pictures of the products")
    parser.add_argument("--check", action="store_true", help="only compare with what is there")
    check = parser.parse_args().check

    products = json.loads((HERE / "shop" / "catalogue.json").read_text(encoding="utf-8"))["products"]
    folder = HERE / "shop" / "pictures"
    folder.mkdir(exist_ok=True)
    pictures = {f"{p['id']}.svg": draw(p) for p in products}
    there = {f.name: f.read_text(encoding="utf-8") for f in folder.glob("*.svg")}
    stale = sorted(name for name in pictures.keys() | there.keys() if pictures.get(name) != there.get(name))
    if check:
        if stale:
            sys.exit(f"stale: {', '.join(stale)}; run draw_pictures.py")
    else:
        for name in stale:
            if name in pictures:
                (folder / name).write_text(pictures[name], encoding="utf-8", newline="\n")
            else:
                (folder / name).unlink()
    print(f"{len(pictures)} pictures, {sum(map(len, pictures.values())) // 1024} KiB")


if __name__ == "__main__":
    main()
