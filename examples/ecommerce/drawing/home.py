"""Drawings of the category `home`: things with birds on them."""

from drawing.pen import PALETTE, box, dark, disc, light

WOOD, CREAM, INK, WHITE = (PALETTE[c] for c in ("oak", "cream", "ink", "white"))


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
            p.fill(disc(x, 110, 7.5), CREAM)
            p.fill(disc(x, 110, 3.2), INK)
        p.fill("M106 113l4 5-4 5-4-5z", PALETTE["mustard"])
        p.fill("M90 108l1-14 9 7zM122 108l-1-14-9 7z", "#8a6f55")
    else:
        p.bird(100, 133, 0.72, kind)
        p.line("M128 84q6-6 10 0M132 96q8-4 12 2", WHITE, 2.5)


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
            p.line(f"M{x} {y - 9}l8 4.500v9l-8 4.5-8-4.500v-9z", dark(wax, 0.2), 2, 0.5)
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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (mug, print_, tote, pin, towel, candle, cards, cushion)}
