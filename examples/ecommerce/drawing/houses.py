"""Drawings of the category `houses`: nest boxes and other places to breed."""

from drawing.pen import PALETTE, box, dark, disc

WOOD = PALETTE["oak"]


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
        p.fill(disc(x, 104, 4.5), "#22282a")
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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (gable, porch, slant, tower, row, pocket, cups, log)}
