"""Drawings of the category `feeders`: what hangs in the tree and holds food."""

from math import cos, pi, sin

from drawing.pen import PALETTE, box, dark, disc, light

WOOD, GLASS, CREAM, INK = (PALETTE[c] for c in ("oak", "glass", "cream", "ink"))


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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (tube, window, cage, ring, tray, hopper, nectar, globe, coconut)}
