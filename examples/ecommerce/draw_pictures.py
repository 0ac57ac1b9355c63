#!/usr/bin/env python3
"""Draws shop/pictures/<id>.svg for every product of shop/catalogue.json.

Each entry of the catalogue names a drawing and its colours. A drawing is a function below of the same
name; it gets a pen and the colours. All of it is our own work.

Usage: draw_pictures.py            writes the pictures
       draw_pictures.py --check    exits with 1 when they are not what it would write
"""

import argparse
import json
import sys
from html import escape
from math import cos, pi, sin
from pathlib import Path

from pen import PALETTE, Pen, blend, box, dark, disc, light

HERE = Path(__file__).resolve().parent
WOOD, STEEL, GLASS, CREAM, INK, WHITE = (PALETTE[c] for c in ("oak", "steel", "glass", "cream", "ink", "white"))


# Feeders

def tube(p, body, seed):
    p.string(34)
    p.fill(box(94, 62, 52, 116, 6), GLASS, 0.8)
    p.inside(box(94, 62, 52, 116, 6))
    p.fill(box(94, 92, 52, 90), seed)
    p.seeds([(100 + (i * 13) % 44, 96 + i * 5.2) for i in range(16)], dark(seed, 0.12), 4.5)
    p.fill(box(94, 62, 9, 120), "#fff", 0.45)
    p.fill(box(134, 62, 20, 120), "#16262a", 0.1)
    p.out()
    p.solid("M80 66Q84 34 120 32q36 2 40 34z", body, gloss=94)
    p.solid(box(84, 172, 72, 18, 7), body, gloss=94)
    for y in (112, 150):
        p.line(f"M76 {y}h88", dark(body, 0.3), 5)
        p.fill(disc(106, y - 8, 5), INK)
        p.fill(disc(134, y - 8, 5), INK)
    p.bird(170, 110, 0.55, "bluetit", flip=True)


def window(p, frame, seed):
    p.fill(box(30, 22, 180, 196, 8), light(frame, 0.55))
    p.line("M48 190L150 40M92 206L196 60", "#fff", 12, 0.35)
    p.fill("M56 108l64-36 64 36v8H56z", light(frame, 0.2))
    p.fill(box(64, 116, 112, 64, 4), "#ffffff", 0.55)
    p.inside(box(64, 140, 112, 40, 4))
    p.fill(disc(120, 182, 66, 26), seed)
    p.seeds([(68 + i * 7, 166 + (i * 5) % 11) for i in range(16)], dark(seed, 0.1), 4.5)
    p.out()
    p.solid(box(56, 172, 128, 14, 5), frame)
    for x in (84, 156):
        p.fill(disc(x, 98, 9), "#fff", 0.8)
        p.fill(disc(x, 98, 4), frame)
    p.bird(122, 173, 0.7, "robin")


def cage(p, wire, suet):
    p.string(42)
    p.line("M84 72l36-30 36 30", wire, 3)
    p.solid(box(74, 74, 92, 92, 4), light(suet, 0.35))
    p.seeds([(84 + (i * 29) % 74, 84 + (i * 17) % 74) for i in range(18)], dark(suet, 0.3), 4)
    for i in range(6):
        p.line(f"M{72 + i * 19.2:.0f} 70v100M70 {72 + i * 19.2:.0f}h100", dark(wire, 0.2), 3)
    p.solid("M106 170h28l8 50h-44z", WOOD)
    p.bird(178, 128, 0.62, "goldfinch", flip=True)


def ring(p, shell, wire):
    p.string(34)
    p.line(disc(120, 122, 66), dark(wire, 0.45), 5)
    for i in range(15):
        a = 2 * pi * i / 15
        x, y = 120 + 66 * sin(a), 122 - 66 * cos(a)
        p.add(f'<g transform="translate({x:.0f} {y:.0f}) rotate({i * 24 + 24 + (i % 3) * 18})">')
        p.fill("M-20 0c0-14 14-12 20-8s20-6 20 8-14 12-20 8-20 6-20-8z", (wire, light(wire, 0.2), dark(wire, 0.1))[i % 3])
        p.line("M-12-4h4M-13 3h5M8-4h5M8 3h4", dark(shell, 0.05), 1.6, 0.55)
        p.out()
    p.solid(disc(120, 46, 8), shell)
    p.bird(120, 185, 0.85, "bluetit")


def tray(p, wood, seed):
    p.line("M50 168L120 26l70 142M84 180L120 26l36 154", "#8a7a63", 2.5)
    p.string(26)
    p.fill(disc(120, 158, 72, 12), PALETTE["mustard"])
    p.seeds([(58 + i * 6, 152 + (i * 7) % 12) for i in range(21)], dark(PALETTE["mustard"], 0.25), 4.5)
    p.bird(102, 160, 0.8, "robin")
    p.bird(158, 160, 0.6, "bluetit", flip=True)
    p.solid(box(40, 160, 160, 26, 4), wood, split=150)
    p.line("M52 168h60M70 177h90", dark(wood, 0.25), 2, 0.6)


def hopper(p, wall, roof):
    p.string(36)
    p.shadow(rx=60, cy=216, ry=6)
    p.fill(box(76, 96, 88, 92), GLASS)
    p.inside(box(76, 96, 88, 92))
    p.fill("M76 122q44-14 88 0v70H76z", PALETTE["mustard"])
    p.seeds([(80 + (i * 23) % 84, 126 + i * 3) for i in range(20)], dark(PALETTE["mustard"], 0.2), 4)
    p.out()
    p.solid("M70 88h24v104H70zM146 88h24v104h-24zM70 92l50-50 50 50z", wall, split=124)
    p.fill(disc(120, 76, 8), CREAM)
    p.solid("M48 98L120 34l72 64-10 10-62-54-62 54z", roof, split=120)
    p.solid(box(46, 186, 148, 16, 5), WOOD, split=150)
    p.bird(60, 187, 0.5, "goldfinch")


def nectar(p, cap, flower):
    p.string(34)
    glass = "M96 52h48c-4 34 30 60 22 104H74C66 112 100 86 96 52z"
    p.fill(glass, GLASS, 0.75)
    p.inside(glass)
    p.fill("M60 104q30-9 60 0t60 0v70H60z", cap, 0.62)
    p.fill(box(84, 60, 14, 100), "#fff", 0.35)
    p.fill(box(138, 40, 60, 140), "#16262a", 0.08)
    p.out()
    p.solid(box(92, 34, 56, 20, 8), cap)
    p.solid("M62 156h116l-14 24H76z", cap)
    for x in (82, 120, 158):
        for i in range(5):
            a = 2 * pi * i / 5 - pi / 2
            p.fill(disc(x + 8 * cos(a), 180 + 8 * sin(a), 5.5), flower)
        p.fill(disc(x, 180, 4.5), dark(flower, 0.35))


def globe(p, glass, roof):
    p.string(40)
    p.fill(disc(120, 128, 68), light(glass, 0.5), 0.9)
    p.inside(disc(120, 128, 68))
    p.fill(disc(120, 200, 78, 42), PALETTE["mustard"])
    p.seeds([(70 + (i * 19) % 102, 168 + (i * 7) % 26) for i in range(22)], dark(PALETTE["mustard"], 0.25), 4.5)
    p.fill(disc(152, 132, 70), "#16262a", 0.06)
    p.out()
    p.line("M72 102q10-26 34-32", "#fff", 8, 0.8)
    p.fill(disc(120, 132, 26), dark(glass, 0.55))
    p.line(disc(120, 132, 27), roof, 6)
    p.bird(120, 158, 0.62, "bluetit")
    p.solid("M84 72q8-30 36-32 28 2 36 32-36 12-72 0z", roof, gloss=98)


def coconut(p, shell, suet):
    p.string(54)
    p.solid("M52 140q0-86 68-86t68 86z", shell, split=142)
    p.line("M68 122q4-38 32-54M86 130q2-32 18-50M150 128q-2-30-14-48", dark(shell, 0.3), 2.5, 0.6)
    p.fill(disc(120, 140, 68, 15), light(suet, 0.2))
    p.fill(disc(120, 141, 58, 11), light(PALETTE["mustard"], 0.45))
    p.seeds([(74 + i * 7, 138 + (i * 5) % 8) for i in range(14)], dark(PALETTE["mustard"], 0.3), 4)
    p.line("M120 152v46", "#8a7a63", 3)
    p.line("M96 198h48", WOOD, 6)
    p.bird(122, 196, 0.62, "goldfinch")


# Nest boxes

def planks(p, shape, colour, step=26, top=40):
    p.inside(shape)
    for y in range(top, 220, step):
        p.line(f"M30 {y}h180", dark(colour, 0.2), 2, 0.5)
    p.out()


def hole(p, x, y, r, rim):
    p.fill(disc(x, y, r + 4), dark(rim, 0.18))
    p.fill(disc(x, y, r), "#2b2a26")
    p.fill(disc(x - 1.5, y + 1.5, r - 2.5), "#1d1d1b")


def gable(p, wall, roof, doors):
    p.shadow()
    body = "M66 104L120 56l54 48v104H66z"
    p.solid(body, wall, gloss=74)
    planks(p, body, wall, 26, 104)
    if doors == 1:
        hole(p, 120, 122, 19, wall)
        p.line("M120 158v6", dark(roof, 0.1), 9)
        p.bird(126, 156, 0.55, "wren" if wall == PALETTE["mustard"] else "bluetit")
    else:
        hole(p, 120, 104, 14, wall)
        p.solid(box(62, 140, 116, 9, 2), roof)
        hole(p, 94, 176, 13, wall)
        p.solid(box(122, 160, 34, 48, 3), dark(roof, 0.15), split=140)
        p.fill(disc(148, 186, 2.5), wall)
    p.solid("M44 112L120 42l76 70-11 12-65-59-65 59z", roof, split=120)


def porch(p, wall, roof):
    p.shadow()
    p.solid(box(66, 72, 108, 136), wall, gloss=74)
    p.fill(box(78, 90, 84, 56), "#2b2a26")
    p.line("M84 144q10-16 22-8t20-2 24 4", "#a98a5d", 5)
    p.line("M88 146q14-12 30-6t34 0", "#c4a676", 4)
    p.bird(124, 146, 0.62, "robin")
    p.solid(box(66, 142, 108, 66), wall, gloss=74)
    planks(p, box(66, 146, 108, 62), wall, 20, 166)
    p.solid("M52 62l124-8 14 24-146 6z", roof, split=140)


def slant(p, wall, roof):
    p.shadow()
    p.solid("M66 66l108 26v116H66z", wall, gloss=74)
    planks(p, "M66 66l108 26v116H66z", wall, 29, 96)
    hole(p, 116, 122, 19, wall)
    p.solid(box(90, 166, 60, 7, 3), roof)
    p.bird(132, 166, 0.58, "robin", flip=True)
    p.solid("M48 50l146 36-5 17L44 67z", roof, split=150)


def tower(p, wall, roof):
    p.shadow(rx=62, cy=220)
    p.solid(box(76, 52, 88, 166), wall, gloss=84)
    for x in (98, 120, 142):
        p.line(f"M{x} 54v160", dark(wall, 0.25), 2, 0.5)
    p.fill("M92 128V96q0-28 28-28t28 28v32z", "#2b2a26")
    p.fill("M98 128c-2-40 44-40 44 0z", "#a98f73")
    for x in (109, 131):
        p.fill(disc(x, 104, 10), "#efe3cc")
        p.fill(disc(x, 104, 4.500), "#22282a")
    p.fill("M120 108l5 6-5 7-5-7z", PALETTE["mustard"])
    p.fill("M99 100l2-16 12 8zM141 100l-2-16-12 8z", "#a98f73")
    p.solid(box(84, 126, 72, 9, 3), roof)
    p.solid("M60 56L70 32h100l10 24z", roof, split=128)


def row(p, wall, roof):
    p.shadow(rx=98)
    p.solid(box(28, 88, 184, 112, 3), wall, split=150, gloss=36)
    for x in (89, 151):
        p.line(f"M{x} 90v108", dark(wall, 0.3), 2.5, 0.7)
    for x in (58, 120, 182):
        hole(p, x, 132, 17, wall)
        p.line(f"M{x} 162v4", roof, 8)
    p.bird(64, 161, 0.5, "wren")
    p.bird(176, 161, 0.5, "wren", flip=True)
    p.solid("M14 92l20-34h172l20 34z", roof, split=150)
    p.line("M34 74h172", dark(roof, 0.25), 2, 0.5)


def pocket(p, rush, rim):
    p.line("M120-4v36", "#8a7a63", 3)
    p.leaf(126, 30, 66, 24, PALETTE["moss"])
    p.leaf(112, 26, 58, 164, dark(PALETTE["moss"], 0.15))
    p.leaf(130, 40, 46, 62, dark(PALETTE["moss"], 0.25))
    shape = "M120 34c44 0 66 60 62 104-3 40-28 66-62 66s-59-26-62-66C54 94 76 34 120 34z"
    p.solid(shape, rush, split=144)
    p.inside(shape)
    for i in range(10):
        y = 44 + i * 17
        p.line("M50 %d" % y + "q9 9 18 0t18 0 18 0 18 0 18 0 18 0 18 0 18 0", dark(rush, 0.28), 2.5, 0.65)
    p.out()
    p.fill(disc(120, 112, 33, 30), dark(rim, 0.1))
    p.fill(disc(120, 113, 26, 23), "#2b2a26")
    p.bird(118, 138, 0.6, "wren")


def cups(p, clay, beam):
    p.solid(box(14, 44, 212, 30, 3), PALETTE["walnut"], split=150)
    p.line("M26 54h120M60 64h140", dark(PALETTE["walnut"], 0.25), 2, 0.6)
    for x, flip in ((70, False), (170, True)):
        cup = f"M{x - 46} 78h92c2 46-16 70-46 70s-48-24-46-70z"
        p.bird(x, 106, 0.78, "slate", flip)
        p.solid(f"M{x - 46} 92h92c0 40-16 62-46 62s-46-22-46-62z", clay, split=x + 14)
        p.seeds([(x - 34 + (i * 23) % 70, 102 + (i * 11) % 38) for i in range(9)], dark(clay, 0.2), 3)
        p.fill(f"M{x - 46} 78h14v16h-14zM{x + 32} 78h14v16h-14z", clay)
    p.line("M58 190q10-10 20 0 10-10 20 0M140 208q8-8 16 0 8-8 16 0", "#64747c", 3, 0.6)


def log(p, bark, roof):
    p.shadow(rx=60)
    p.solid(box(72, 68, 96, 142, 8), bark, split=136, gloss=84)
    p.inside(box(72, 68, 96, 142, 8))
    for i in range(12):
        x, y = 72 + (i * 37) % 88, 82 + i * 11
        p.line(f"M{x} {y}h{10 + (i * 7) % 16}", "#4c4640", 3, 0.75)
    p.out()
    hole(p, 120, 116, 19, WOOD)
    p.line("M120 154v6", roof, 9)
    p.bird(114, 152, 0.55, "goldfinch", flip=True)
    p.solid("M58 78q2-38 62-38t62 38q-62 16-124 0z", roof)
    p.leaf(150, 48, 40, -28, PALETTE["moss"])
    p.leaf(146, 50, 30, -66, dark(PALETTE["moss"], 0.15))


# Seed and treats

def label(p, x, y, w, h, colour, kind="goldfinch"):
    p.fill(box(x, y, w, h, 4), WHITE)
    p.fill(box(x, y, w, 8), colour)
    p.line(f"M{x + w * .3:.0f} {y + h - 18}h{w * .4:.0f}M{x + w * .22:.0f} {y + h - 10}h{w * .56:.0f}", dark(colour, 0.1), 3, 0.7)
    p.bird(x + w / 2, y + h - 24, min(w, h) / 130, kind)


def bag(p, band, seed):
    kraft = "#d3b183"
    p.shadow(rx=62)
    p.solid("M70 60h100l6 140q0 10-10 10H74q-10 0-10-10z", kraft, split=146, gloss=80)
    p.solid(box(68, 36, 104, 28, 3), band, split=146)
    p.line("M76 50h88", light(band, 0.5), 2, 0.8)
    p.fill(box(82, 76, 76, 60, 6), WHITE)
    p.fill(box(82, 76, 76, 9), band)
    p.bird(118, 127, 0.5, "goldfinch")
    window_ = disc(120, 172, 36, 24)
    p.fill(window_, light(seed, 0.15))
    p.inside(window_)
    p.seeds([(88 + (i * 17) % 66, 152 + (i * 11) % 42) for i in range(26)], dark(seed, 0.1) if seed != INK else "#4b5559", 5)
    p.out()
    p.line(window_, dark(kraft, 0.2), 2.5)


def sack(p, band, seed):
    paper = CREAM
    p.shadow(rx=74)
    p.solid("M62 66q-14 70-6 132 2 12 14 12h100q12 0 14-12 8-62-6-132-58 12-116 0z", paper, split=150, gloss=68)
    p.fill("M56 128h128l2 46H54z", band)
    p.fill("M150 128h34l2 46h-36z", "#16262a", 0.12)
    p.solid("M84 62q-14-18-22-30 14 8 28 4 14-8 30 0 16-8 30 0 14 4 28-4-8 12-22 30-36 10-72 0z", paper, split=140)
    p.line("M82 64q38 10 76 0", dark(band, 0.15), 6)
    p.line("M158 64q16 6 12 24", dark(band, 0.15), 4)
    p.bird(120, 168, 0.5, "robin")
    p.line("M92 190h56M102 199h36", dark(band, 0.1), 3, 0.6)
    p.seeds([(26 + i * 11, 208 + (i * 5) % 8) for i in range(4)] + [(194 + i * 10, 210 + (i * 5) % 7) for i in range(3)], seed, 5)


def jar(p, lid, content):
    p.shadow(rx=58)
    glass = box(68, 66, 104, 144, 16)
    p.fill(glass, GLASS, 0.85)
    p.inside(glass)
    p.fill("M60 92q30-10 60 0t60-4v130H60z", content)
    p.seeds([(70 + (i * 29) % 100, 98 + (i * 19) % 106) for i in range(42)], dark(content, 0.18), 5)
    p.fill(box(76, 66, 9, 150), "#fff", 0.45)
    p.fill(box(144, 60, 40, 160), "#16262a", 0.1)
    p.out()
    p.solid(box(64, 40, 112, 30, 6), lid, gloss=76)
    p.line("M66 56h108", dark(lid, 0.25), 2, 0.6)
    label(p, 84, 112, 72, 64, lid, "robin")


def balls(p, suet, dot):
    p.shadow(rx=88, cy=206)
    for x, y in ((62, 172), (120, 172), (178, 172), (91, 122), (149, 122), (120, 72)):
        p.solid(disc(x, y, 32), light(suet, 0.42), split=x + 8)
        p.seeds([(x - 18 + (i * 13) % 38, y - 18 + (i * 17) % 38) for i in range(9)], dot, 3.6)
        p.fill(disc(x - 12, y - 14, 6, 4), "#fff", 0.5)
    p.bird(122, 45, 0.62, "bluetit")


def block(p, berry, suet):
    p.shadow(rx=82, cy=200)
    p.fill("M44 104l76-34 76 34-76 36z", light(suet, 0.2))
    p.fill("M44 104l76 36v66l-76-34z", suet)
    p.fill("M196 104l-76 36v66l76-34z", dark(suet, 0.14))
    p.seeds([(62 + (i * 37) % 118, 88 + (i * 7) % 36) for i in range(13)], berry, 4.5)
    p.seeds([(54 + (i * 19) % 62, 126 + (i * 29) % 52 + (i * 19) % 62 * .42 - 12) for i in range(12)], berry, 5)
    p.seeds([(130 + (i * 17) % 60, 148 + (i * 23) % 46 - (i * 17) % 60 * .42 + 6) for i in range(11)], dark(berry, 0.2), 5)
    p.bird(126, 106, 0.68, "robin")


def tin(p, body, lid):
    p.shadow(rx=80)
    p.solid("M46 92h148v104q-10 16-74 16t-74-16z", body, split=146, gloss=58)
    p.fill(disc(120, 92, 74, 18), dark(lid, 0.2))
    p.solid("M42 72v18q10 20 78 20t78-20V72z", lid, split=150, gloss=54)
    p.fill(disc(120, 72, 78, 19), light(lid, 0.2))
    p.bird(120, 76, 0.42, "goldfinch")
    p.line("M46 128q74 24 148 0M46 190q74 24 148 0", light(body, 0.45), 2, 0.7)
    p.bird(94, 184, 0.6, "bluetit")
    p.bird(150, 184, 0.6, "robin", flip=True)


# Baths and water

def ripples(p, cx, cy, rx):
    p.line(f"M{cx - rx * .5:.0f} {cy - 1}q{rx * .2:.0f}-5 {rx * .4:.0f} 0M{cx + rx * .05:.0f} {cy + 4}q{rx * .2:.0f}-5 {rx * .4:.0f} 0", "#fff", 2.5, 0.75)


def pedestal(p, stone, water):
    p.shadow(rx=60, cy=216)
    p.solid("M108 120h24q-2 44 16 70H92q18-26 16-70z", stone, split=122)
    p.solid("M78 190h84q12 4 12 22H66q0-18 12-22z", stone)
    p.solid("M30 88h180q-14 48-90 48T30 88z", stone, split=136, gloss=50)
    p.fill(disc(120, 88, 90, 17), light(stone, 0.25))
    p.fill(disc(120, 90, 76, 12), water)
    ripples(p, 124, 90, 70)
    if stone == PALETTE["moss"]:
        for x, turn in ((44, -70), (60, -40), (196, -120), (182, -150)):
            p.leaf(x, 216, 54, turn, dark(stone, 0.3))
    p.bird(74, 88, 0.66, "robin")
    p.bird(164, 84, 0.56, "bluetit", flip=True)


def hanging(p, bowl, water):
    p.line("M44 138L120 22l76 116M120 22v112", dark(bowl, 0.3), 2.5)
    p.string(22)
    p.fill(disc(120, 22, 6), dark(bowl, 0.2))
    p.solid("M36 138h168q-10 62-84 62t-84-62z", bowl, split=138, gloss=58)
    p.fill(disc(120, 138, 84, 16), light(bowl, 0.25))
    p.fill(disc(120, 140, 72, 11), water)
    ripples(p, 130, 140, 66)
    p.bird(82, 138, 0.68, "goldfinch")
    if bowl == PALETTE["slate"]:
        p.line("M96 222q6-8 0-14M120 226q6-8 0-14M144 222q6-8 0-14", PALETTE["clay"], 3.500)


def dish(p, glaze, water):
    p.shadow(rx=92, cy=196, ry=11)
    p.solid("M22 132h196q-8 64-98 64t-98-64z", glaze, split=138)
    p.inside("M22 132h196q-8 64-98 64t-98-64z")
    p.fill("M10 160q20-14 40 0t40 0 40 0 40 0 40 0 40 0v60H10z", blend(glaze, CREAM, 0.55))
    p.fill(box(138, 0, 120, 240), "#16262a", 0.12)
    p.out()
    p.fill(disc(120, 132, 98, 26), light(glaze, 0.22))
    p.fill(disc(120, 135, 84, 20), water)
    ripples(p, 120, 138, 80)
    p.bird(150, 142, 0.8, "bluetit" if glaze != PALETTE["clay"] else "wren", flip=True)
    p.line("M96 116q-6-14-16-16M90 122q-14-8-24-4M112 110q0-12-6-20", "#fff", 3, 0.9)


def fountain(p, leaf, water):
    p.fill(disc(120, 170, 106, 40), water)
    p.line(disc(120, 172, 90, 30), "#fff", 2.5, 0.5)
    p.fill(disc(120, 172, 66, 22), dark(leaf, 0.2))
    p.fill("M120 168L186 160a66 22 0 1 1-16-9z", leaf)
    p.fill(box(98, 150, 44, 16, 8), PALETTE["slate"])
    p.fill(disc(120, 150, 22, 7), light(PALETTE["slate"], 0.2))
    for dx, h in ((0, 84), (-30, 62), (30, 62), (-52, 40), (52, 40)):
        p.line(f"M120 148Q{120 + dx * .4:.0f} {148 - h * 1.5:.0f} {120 + dx} {150 - (0 if dx else h)}", light(water, 0.35), 4)
    for x, y in ((120, 52), (84, 78), (156, 78), (64, 110), (176, 110), (104, 62), (138, 64)):
        p.fill(f"M{x} {y - 7}q6 8 0 12-6-4 0-12z", water)
    p.bird(52, 176, 0.56, "goldfinch")
    p.fill(disc(196, 44, 20), PALETTE["mustard"])


def chain(p, copper, water):
    p.string(20)
    p.solid(box(96, 8, 48, 12, 5), PALETTE["slate"])
    for y in (26, 72, 118):
        p.line(f"M106 {y}q14 -14 28 0", dark(copper, 0.3), 3)
        p.solid(f"M92 {y}h56l-12 34h-32z", copper, split=124, gloss=102)
        p.fill(disc(120, y, 28, 6), dark(copper, 0.3))
        p.fill(disc(120, y + 1, 23, 4), water)
    for y in (164, 178, 192):
        p.fill(f"M120 {y - 8}q6 8 0 12-6-4 0-12z", water)
    p.fill(disc(120, 212, 64, 12), light(water, 0.1))
    p.line(disc(120, 212, 30, 5), "#fff", 2.5, 0.7)
    p.bird(182, 210, 0.6, "robin", flip=True)


def brush(p, wood, bristle):
    p.shadow(cx=116, rx=92, cy=206)
    p.add('<g transform="rotate(-24 120 130)">')
    for i in range(17):
        p.line(f"M{30 + i * 5.4:.0f} 140l{-3 + i % 3 * 3} 42", (dark(bristle, 0.1), dark(bristle, 0.2), bristle)[i % 3], 5)
    p.solid("M20 112q0-14 16-14h84q20 0 30 8l72 8q10 2 10 12t-10 12l-72 6q-12 6-30 6H36q-16 0-16-16z", wood, split=400)
    p.line("M40 110h74", light(wood, 0.4), 4, 0.8)
    p.fill(disc(218, 126, 4), dark(wood, 0.4))
    p.out()
    for x, y, r in ((52, 60, 12), (78, 40, 8), (38, 86, 7), (96, 66, 5)):
        p.fill(disc(x, y, r), PALETTE["sky"], 0.7)
        p.fill(disc(x - r * .3, y - r * .3, r * .28), "#fff")


def pebbles(p, stone, warm):
    p.shadow(rx=96, cy=208)
    heap = ((52, 188, 34, 20, stone), (118, 192, 38, 19, warm), (184, 188, 34, 20, light(stone, 0.3)),
            (84, 156, 36, 21, light(warm, 0.35)), (152, 156, 36, 21, dark(stone, 0.15)), (118, 124, 34, 20, light(stone, 0.45)))
    for x, y, rx, ry, colour in heap:
        p.solid(disc(x, y, rx, ry), colour, split=x + 10)
        p.fill(disc(x - 10, y - 8, 9, 4), "#fff", 0.35)
    p.bird(120, 106, 0.74, "wren")


def can(p, body, brass):
    p.shadow(cx=112, rx=84)
    p.line("M146 104c44-16 52 62 8 74", dark(body, 0.1), 9)
    p.line("M78 158L28 92", body, 14)
    p.solid("M10 84l30-22 8 12-28 22z", brass, split=30)
    p.solid("M74 96h76l10 104q0 10-10 10H74q-10 0-10-10z", body, split=130, gloss=82)
    p.fill(disc(112, 96, 38, 9), dark(body, 0.35))
    p.line("M84 92q28-40 56 0", dark(body, 0.1), 7)
    p.line("M66 186h94", brass, 5)
    for x, y in ((16, 112), (28, 126), (8, 138), (22, 154)):
        p.fill(f"M{x} {y - 7}q6 8 0 12-6-4 0-12z", PALETTE["sky"])
    p.leaf(112, 156, 26, -140, brass)
    p.leaf(112, 156, 26, -40, brass)
    p.line("M112 174v-22", brass, 3)


# For the watcher

def binoculars(p, body, trim):
    p.shadow(rx=84)
    p.line("M62 66C30 10 90 8 120 16s90-6 58 50", trim, 5)
    for x, flip in ((72, False), (168, True)):
        inner = 1 if not flip else -1
        p.solid(f"M{x - 16} 62h32l{12 if inner == 1 else 10} 80h-54z", body, split=x + 6, gloss=x - 14)
        p.solid(box(x - 34, 138, 68, 66, 10), dark(body, 0.08), split=x + 12, gloss=x - 26)
        p.solid(box(x - 19, 46, 38, 22, 6), INK, split=x + 6)
        p.solid(box(x - 36, 186, 72, 14, 5), trim, split=x + 12)
        p.fill(disc(x, 204, 30, 7), light(PALETTE["sky"], 0.2))
    p.solid(box(98, 92, 44, 60, 8), dark(body, 0.25), split=126)
    p.solid(box(108, 78, 24, 34, 6), trim, split=122)
    p.line("M112 88h16M112 96h16M112 104h16", dark(trim, 0.3), 2)


def monocular(p, body, trim):
    p.shadow(cx=124, rx=86, cy=196)
    p.line("M50 150c-40 30-10 60 40 46", trim, 5)
    p.add('<g transform="rotate(-18 120 130)">')
    p.solid(box(30, 106, 34, 46, 8), INK, split=300)
    p.fill("M60 100h60l70-10v78l-70-10H60z", body)
    p.fill("M60 129h60l70 0v39l-70-10H60z", "#16262a", 0.14)
    p.fill("M60 104h130v8H60z", "#fff", 0.18)
    p.fill(box(108, 96, 16, 66, 4), trim)
    p.fill(box(184, 84, 16, 90, 6), dark(body, 0.25))
    p.fill(disc(200, 129, 12, 44), light(PALETTE["sky"], 0.15))
    p.line("M198 104q-6 12-4 26", "#fff", 4, 0.8)
    p.line("M112 108v44M118 108v44", dark(trim, 0.3), 2)
    p.out()


def scope(p, body, wood):
    p.shadow(rx=84, cy=220, ry=7)
    for d in ("M120 120L70 220", "M120 120l50 100", "M120 120v92"):
        p.line(d, wood, 9)
    p.line("M94 172h52", dark(wood, 0.2), 4)
    p.solid(box(104, 104, 32, 24, 5), INK)
    p.add('<g transform="rotate(-10 120 84)">')
    p.fill("M48 70h52l84-10v52l-84-10H48z", body)
    p.fill("M48 88h136v24l-84-10H48z", "#16262a", 0.14)
    p.fill(box(182, 54, 24, 64, 5), dark(body, 0.2))
    p.fill(disc(206, 86, 8, 30), light(PALETTE["sky"], 0.15))
    p.fill(box(92, 64, 14, 44, 3), PALETTE["mustard"])
    p.fill(box(28, 74, 24, 24, 5), INK)
    p.fill(box(14, 70, 16, 32, 6), dark(body, 0.35))
    p.out()
    p.bird(206, 58, 0.5, "wren", flip=True)


def camera(p, body, glow):
    p.shadow(rx=70)
    p.line("M120 176v34", dark(body, 0.2), 12)
    p.solid(box(80, 198, 80, 12, 6), dark(body, 0.2))
    p.line("M156 60q30-30 18-56", INK, 4)
    p.solid(box(52, 58, 136, 122, 26), body, split=150, gloss=64)
    p.fill(disc(120, 118, 44), INK)
    p.fill(disc(120, 118, 33), "#3d4c52")
    p.fill(disc(120, 118, 20), glow)
    p.fill(disc(120, 118, 10), "#1b2427")
    p.fill(disc(112, 110, 6), "#fff", 0.9)
    for i in range(8):
        a = 2 * pi * i / 8
        p.fill(disc(120 + 38.5 * cos(a), 118 + 38.5 * sin(a), 2.6), PALETTE["berry"])
    p.fill(disc(170, 76, 5), PALETTE["moss"])


def notebook(p, cover, band):
    p.shadow(cx=124, rx=70)
    p.solid(box(66, 38, 118, 170, 6), "#f7f0e0", split=176)
    p.solid(box(58, 34, 118, 170, 8), cover, split=400, gloss=74)
    p.fill(box(150, 34, 12, 170), band)
    p.fill(box(84, 62, 56, 40, 4), CREAM)
    p.line("M92 76h40M92 87h28", dark(cover, 0.2), 3, 0.7)
    p.bird(108, 180, 0.75, "wren" if band == CREAM else "bluetit")
    p.add('<g transform="rotate(7 196 120)">')
    p.fill(box(190, 52, 11, 118), PALETTE["mustard"])
    p.fill(box(196, 52, 5, 118), "#16262a", 0.14)
    p.fill("M190 170h11l-5.500 18z", "#ecd3ac")
    p.fill(box(190, 42, 11, 12, 3), PALETTE["blush"])
    p.out()


def hat(p, felt, band):
    p.shadow(rx=100, cy=192, ry=11)
    p.solid("M14 162q6-22 56-26h100q50 4 56 26 2 22-106 22T14 162z", felt, split=146)
    p.solid("M68 146q-4-84 30-88 22 14 44 0 34 4 30 88-52 18-104 0z", felt, split=138, gloss=84)
    p.fill("M67 128q53 18 106 0l1 20q-54 18-108 0z", band)
    p.leaf(160, 138, 66, -62, PALETTE["clay"])
    p.line("M160 138l28-52", CREAM, 2)


def stool(p, wood, canvas):
    p.shadow(rx=84, cy=214)
    p.line("M66 92l104 120M174 92L70 212", wood, 11)
    p.line("M96 80l84 132M150 80L58 212", dark(wood, 0.25), 8)
    p.fill(disc(120, 148, 6), dark(wood, 0.5))
    p.solid("M40 70q80 34 160 0l-4 24q-76 34-152 0z", canvas, split=140)
    p.line("M50 82q70 28 140 0", light(canvas, 0.4), 2, 0.8)
    p.solid(box(34, 62, 20, 30, 6), wood)
    p.solid(box(186, 62, 20, 30, 6), wood)
    p.bird(122, 87, 0.7, "robin")


def flask(p, body, cup):
    p.shadow(cx=120, rx=70)
    p.solid(box(66, 84, 66, 126, 12), body, split=108, gloss=78)
    p.solid("M74 66h50l6 22H68z", STEEL, split=108)
    p.solid(box(76, 36, 46, 32, 8), cup, split=106)
    p.line("M68 112h62M68 190h62", light(body, 0.5), 3, 0.7)
    p.bird(100, 172, 0.5, "robin")
    p.solid("M146 150h54l-6 54q-1 6-8 6h-26q-7 0-8-6z", cup, split=180)
    p.fill(disc(173, 150, 27, 6), "#5c3d28")
    p.line("M162 134q-8-12 0-22t0-22M182 134q-8-12 0-22", "#9aa5a8", 3, 0.7)


def guide(p, cover, accent):
    p.shadow(rx=98, cy=204)
    for i in range(4):
        x, up = 24 + i * 48, i % 2 == 0
        y0, y1 = (58, 74) if up else (74, 58)
        d = f"M{x} {y0}l48 {y1 - y0}v130l-48 {y0 - y1}z"
        p.fill(d, WHITE if i else cover)
        if not up:
            p.fill(d, "#16262a", 0.1)
        if i:
            for j, kind in enumerate(("robin", "bluetit", "goldfinch")[i % 2:]):
                p.bird(x + 23, 112 + j * 46 - (4 if up else 0), 0.4, kind)
                p.line(f"M{x + 12} {120 + j * 46}h24", "#9aa5a8", 2)
    p.bird(47, 132, 0.46, "wren")
    p.line("M34 156l28 9M34 168l20 7", WHITE, 3)
    p.fill("M24 58l48 16v14L24 72z", accent)


# Around the house

def mug(p, glaze, kind):
    kind = kind if kind != CREAM else "robin"
    p.shadow(cx=112, rx=74)
    p.line("M158 106c52-10 52 72-4 70", dark(glaze, 0.12), 15)
    p.solid("M52 76h120l-8 120q-2 14-16 14H76q-14 0-16-14z", glaze, split=140, gloss=64)
    p.fill(disc(112, 76, 60, 13), light(glaze, 0.35))
    p.fill(disc(112, 78, 52, 9), "#6b452c")
    p.bird(110, 174, 1.0, kind)
    p.line("M92 176q20 8 44-2", PALETTE["walnut"], 4)
    p.line("M96 58q-8-12 0-22M118 54q-8-12 0-22", "#9aa5a8", 3.5, 0.6)


def print_(p, sky, kind):
    night = sky == PALETTE["pine"]
    p.fill(box(48, 24, 150, 190, 3), "#16262a", 0.13)
    p.solid(box(42, 18, 150, 190, 3), WOOD, split=186)
    p.fill(box(52, 28, 130, 170), WHITE)
    art = box(66, 42, 102, 142)
    p.inside(art)
    p.fill(art, sky if not night else "#2c4a55")
    p.fill(disc(140, 78, 20), PALETTE["mustard"] if not night else CREAM)
    if night:
        p.fill(disc(132, 72, 17), "#2c4a55")
        for x, y in ((82, 60), (98, 84), (112, 56), (80, 108), (152, 112)):
            p.fill(disc(x, y, 1.8), CREAM)
    p.fill("M60 150q30-26 60-8t60-12v60H60z", PALETTE["moss"] if not night else "#3d6355")
    p.fill("M60 166q34-16 64 0t56-6v40H60z", PALETTE["pine"] if not night else "#22382f")
    p.line("M60 138q40-4 74-20", PALETTE["walnut"], 5)
    p.out()
    if night:
        p.fill("M86 134c-4-46 44-46 40 0q-20 10-40 0z", "#8a6f55")
        for x in (98, 114):
            p.fill(disc(x, 110, 7.500), CREAM)
            p.fill(disc(x, 110, 3.2), INK)
        p.fill("M106 113l4 5-4 5-4-5z", PALETTE["mustard"])
        p.fill("M90 108l1-14 9 7zM122 108l-1-14-9 7z", "#8a6f55")
    else:
        p.bird(100, 133, 0.72, kind)
        p.line("M128 84q6-6 10 0M132 96q8-4 12 2", WHITE, 2.500)


def tote(p, cloth, ink):
    p.shadow(rx=66)
    p.line("M88 84C84 6 156 6 152 84", dark(cloth, 0.2), 8)
    p.line("M80 80C76 18 164 18 160 80", cloth, 8)
    p.solid("M58 78h124l8 124q0 8-8 8H58q-8 0-8-8z", cloth, split=154, gloss=62)
    p.line("M60 88h120", dark(cloth, 0.2), 2, 0.7)
    for x, y, s in ((120, 146, 1.0), (88, 120, .5), (154, 176, .55)):
        p.add(f'<g transform="translate({x} {y}) scale({s})">')
        p.fill("M-50-16Q-20-18 0 0 20-18 50-16 22-8 8 12L14 30 0 18-14 30-8 12Q-22-8-50-16z", ink)
        p.out()


def pin(p, enamel, kind):
    p.fill(box(58, 26, 124, 190, 8), "#16262a", 0.1)
    p.solid(box(52, 20, 124, 190, 8), CREAM, split=168)
    p.fill(disc(114, 38, 6), "#fff")
    p.line(disc(114, 38, 6), dark(CREAM, 0.25), 2)
    p.fill(disc(116, 116, 48), "#16262a", 0.16)
    p.fill(disc(114, 112, 48), dark(enamel, 0.3))
    p.fill(disc(114, 112, 43), enamel)
    p.bird(112, 142, 0.8, kind)
    p.line("M82 88q8-14 22-18", "#fff", 4, 0.8)
    p.line("M82 178h64M94 190h40", dark(enamel, 0.25), 3, 0.7)


def towel(p, stripe, ink):
    p.line("M30 46h180", WOOD, 10)
    p.solid(box(62, 46, 116, 158, 3), CREAM, split=150, gloss=68)
    p.inside(box(62, 46, 116, 158, 3))
    for y in (60, 72, 182, 192):
        p.fill(box(62, y, 116, 5), stripe)
    p.line("M118 164v20M126 162v22", ink, 3)
    p.fill("M92 132c10-16 36-16 46 2 4 18-8 32-20 32-14 0-26-14-26-34z", light(ink, 0.25))
    p.line("M132 142c18-14-6-28 8-46", light(ink, 0.25), 9)
    p.fill(disc(141, 96, 8), light(ink, 0.25))
    p.fill("M146 92l22 6-22 4z", PALETTE["mustard"])
    p.line("M134 88l-12-4", ink, 3)
    p.fill(disc(143, 95, 1.8), INK)
    p.line("M86 176q-6-30-2-50M98 184q-2-20 2-34M158 182q4-24 0-44", PALETTE["moss"], 3)
    p.out()
    p.line("M66 204v8M82 204v8M98 204v8M114 204v8M130 204v8M146 204v8M162 204v8M174 204v8", dark(CREAM, 0.2), 2)


def candle(p, wax, cup):
    p.shadow(rx=62)
    p.fill(disc(120, 66, 60), "#fff3c8", 0.55)
    p.fill(disc(120, 66, 34), "#ffe9a3", 0.6)
    p.solid(box(84, 104, 72, 92, 6), wax, split=130, gloss=94)
    p.inside(box(84, 104, 72, 92, 6))
    for r in range(5):
        for c in range(5):
            x, y = 84 + c * 18 + (r % 2) * 9, 118 + r * 17
            p.line(f"M{x} {y - 9}l8 4.500v9l-8 4.500-8-4.500v-9z", dark(wax, 0.2), 2, 0.5)
    p.out()
    p.fill(disc(120, 104, 36, 8), light(wax, 0.35))
    p.line("M120 104V88", INK, 3)
    p.fill("M120 44c14 18 18 28 14 38-4 9-24 9-28 0-4-10 2-18 14-38z", PALETTE["clay"])
    p.fill("M120 60c8 10 9 16 7 22-3 6-12 6-14 0-2-6 2-12 7-22z", "#ffe08a")
    p.solid("M62 190h116q-2 22-20 22H82q-18 0-20-22z", cup)


def cards(p, paper, kind):
    p.shadow(rx=84, cy=206)
    for turn, colour, species in ((-14, paper, "robin"), (10, PALETTE["sky"], "goldfinch"), (-2, WHITE, kind)):
        p.add(f'<g transform="rotate({turn} 120 200)">')
        p.fill(box(70, 50, 108, 146, 5), "#16262a", 0.12)
        p.fill(box(66, 46, 108, 146, 5), colour)
        p.line(box(74, 54, 92, 130, 3), dark(colour, 0.12), 2, 0.7)
        p.bird(118, 142, 0.95, species)
        p.line("M88 146q30 8 66-4", PALETTE["walnut"], 4)
        p.leaf(148, 142, 20, -50, PALETTE["moss"])
        p.out()


def cushion(p, felt, kind):
    p.shadow(rx=92, cy=206)
    shape = "M36 54q84-18 168 0 16 74 0 146-84 16-168 0-16-72 0-146z"
    p.solid(shape, felt, split=160, gloss=44)
    p.line("M48 66q72-14 144 0 12 60 0 122-72 14-144 0-12-62 0-122z", light(felt, 0.35), 2.5, 0.7)
    p.fill(disc(120, 160, 58, 24), "#9a7850")
    p.bird(120, 162, 1.15, kind)
    for i in range(9):
        p.line(f"M{64 + i * 6} {152 + i % 3 * 6}q{30 + i} {26 - i * 2} {58} {4 + i % 4 * 4}", ("#b8945f", "#86653f", "#c9a970")[i % 3], 4)


DRAWINGS = {f.__name__.rstrip("_"): f for f in (
    tube, window, cage, ring, tray, hopper, nectar, globe, coconut, gable, porch, slant, tower, row, pocket, cups, log,
    bag, sack, jar, balls, block, tin, pedestal, hanging, dish, fountain, chain, brush, pebbles, can, binoculars,
    monocular, scope, camera, notebook, hat, stool, flask, guide, mug, print_, tote, pin, towel, candle, cards, cushion)}


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
