"""Drawings of the category `field`: what a watcher takes along."""

from math import cos, pi, sin

from drawing.pen import PALETTE, box, dark, disc, light

STEEL, CREAM, INK, WHITE = (PALETTE[c] for c in ("steel", "cream", "ink", "white"))


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
    p.fill("M190 170h11l-5.5 18z", "#ecd3ac")
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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (binoculars, monocular, scope, camera, notebook, hat, stool, flask, guide)}
