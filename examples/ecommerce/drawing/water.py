"""Drawings of the category `water`: baths and what keeps them full and clean."""

from drawing.pen import PALETTE, blend, box, dark, disc, light

CREAM = PALETTE["cream"]


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
        p.line("M96 222q6-8 0-14M120 226q6-8 0-14M144 222q6-8 0-14", PALETTE["clay"], 3.5)


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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (pedestal, hanging, dish, fountain, chain, brush, pebbles, can)}
