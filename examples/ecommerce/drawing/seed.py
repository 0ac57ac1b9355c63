"""Drawings of the category `seed`: bags, jars and tins of food, each with a bird on the label."""

from drawing.pen import PALETTE, box, dark, disc, light

GLASS, CREAM, INK, WHITE = (PALETTE[c] for c in ("glass", "cream", "ink", "white"))


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


DRAWINGS = {f.__name__.rstrip("_"): f for f in (bag, sack, jar, balls, block, tin)}
