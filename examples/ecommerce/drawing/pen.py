"""A small drawing pen for flat product pictures: shapes, the palette, light and birds.

Every picture is 240 by 240 units on a transparent ground. Light comes from the left: `solid` darkens
the right part of a shape and may add a soft edge of light, which is what makes flat shapes read as
things. Numbers are kept short, so that a picture stays around two kilobytes.
"""

PALETTE = {
    "moss": "#7a9460", "pine": "#37594a", "sky": "#93bccb", "clay": "#c8775a", "mustard": "#e0b04c",
    "cream": "#f4e9d4", "berry": "#a84c57", "slate": "#64747c", "oak": "#c79a66", "walnut": "#85603f",
    "blush": "#e6b2a0", "ink": "#2c3a3f", "white": "#fdfaf3", "glass": "#dcecef", "steel": "#b9c4c8",
}

# Back, breast, belly, cap, wing.
BIRDS = {
    "robin": ("#8b6b4c", "#dd6f43", "#f1e4cf", "#8b6b4c", "#75583d"),
    "bluetit": ("#7fa06c", "#f2cf5b", "#f2cf5b", "#5b8fbd", "#4d7ea9"),
    "wren": ("#8a6241", "#cfa77c", "#dcc09c", "#8a6241", "#6e4c31"),
    "goldfinch": ("#c29662", "#f1e4cf", "#f1e4cf", "#c24a42", "#33363a"),
    "slate": ("#64747c", "#8d9aa0", "#c9d1d4", "#4f5d64", "#4f5d64"),
}


def short(value):
    """A number with at most one decimal, without a trailing zero."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def box(x, y, w, h, r=0):
    """Path of a rectangle with rounded corners."""
    x, y, w, h, r = map(float, (x, y, w, h, r))
    s = short
    if not r:
        return f"M{s(x)} {s(y)}h{s(w)}v{s(h)}h{s(-w)}z"
    return (f"M{s(x + r)} {s(y)}h{s(w - 2 * r)}q{s(r)} 0 {s(r)} {s(r)}v{s(h - 2 * r)}q0 {s(r)} {s(-r)} {s(r)}"
            f"h{s(2 * r - w)}q{s(-r)} 0 {s(-r)} {s(-r)}v{s(2 * r - h)}q0 {s(-r)} {s(r)} {s(-r)}z")


def disc(cx, cy, rx, ry=None):
    """Path of an ellipse."""
    ry = rx if ry is None else ry
    s = short
    return f"M{s(cx - rx)} {s(cy)}a{s(rx)} {s(ry)} 0 1 0 {s(2 * rx)} 0a{s(rx)} {s(ry)} 0 1 0 {s(-2 * rx)} 0z"


def blend(a, b, share):
    """The colour `share` of the way from `a` to `b`."""
    one, two = ([int(c[i:i + 2], 16) for i in (1, 3, 5)] for c in (a, b))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(one, two))


def dark(colour, share=0.22):
    return blend(colour, "#16262a", share)


def light(colour, share=0.3):
    return blend(colour, "#ffffff", share)


class Pen:
    """Collects the elements of one picture."""

    def __init__(self, title):
        self.title = title
        self.parts = []
        self.clips = 0

    def add(self, text):
        self.parts.append(text)

    def fill(self, d, colour, opacity=1):
        self.add(f'<path d="{d}" fill="{colour}"' + (f' opacity="{opacity}"' if opacity != 1 else "") + "/>")

    def line(self, d, colour, width=3, opacity=1):
        self.add(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{short(width)}" stroke-linecap="round" '
                 f'stroke-linejoin="round"' + (f' opacity="{opacity}"' if opacity != 1 else "") + "/>")

    def inside(self, d):
        """Starts a group that is cut to the shape; `out` ends it."""
        self.clips += 1
        self.add(f'<clipPath id="c{self.clips}"><path d="{d}"/></clipPath><g clip-path="url(#c{self.clips})">')

    def out(self):
        self.add("</g>")

    def solid(self, d, colour, split=132, gloss=None):
        """A shape with shade right of `split`, and light left of `gloss`."""
        self.fill(d, colour)
        self.inside(d)
        self.fill(box(split, 0, 240, 240), "#16262a", 0.13)
        if gloss is not None:
            self.fill(box(0, 0, gloss, 240), "#ffffff", 0.22)
        self.out()

    def shadow(self, cx=120, cy=212, rx=74, ry=9):
        self.fill(disc(cx, cy, rx, ry), "#16262a", 0.13)

    def string(self, to, x=120, colour="#64747c"):
        """What a hanging thing hangs from."""
        self.line(f"M{x} -4V{to}", colour, 2.5)

    def seeds(self, places, colour, r=4):
        for i, (x, y) in enumerate(places):
            tone = (colour, dark(colour, 0.18), light(colour, 0.2))[i % 3]
            self.add(f'<ellipse cx="{short(x)}" cy="{short(y)}" rx="{short(r)}" ry="{short(r * 0.68)}" fill="{tone}" '
                     f'transform="rotate({i * 47 % 180} {short(x)} {short(y)})"/>')

    def leaf(self, x, y, length, turn, colour):
        d = f"M0 0C{short(length * .3)} {short(-length * .34)} {short(length * .8)} {short(-length * .26)} {short(length)} 0" \
            f"C{short(length * .8)} {short(length * .26)} {short(length * .3)} {short(length * .34)} 0 0z"
        self.add(f'<path d="{d}" fill="{colour}" transform="translate({short(x)} {short(y)}) rotate({turn})"/>')

    def bird(self, x, y, size, kind, flip=False):
        """A small round bird that looks to the right; (x, y) is below its feet, size 1 is 80 wide."""
        back, breast, belly, cap, wing = BIRDS[kind]
        turn = -size if flip else size
        self.add(f'<g transform="translate({short(x)} {short(y)}) scale({turn:.2f} {size:.2f}) translate(-40 -66)">')
        self.fill("M16 42L-16 50l5 9 32-3z", wing)
        body = "M10 44C9 20 30 6 54 8c12 1 20 8 20 18 0 22-12 38-36 38C22 64 11 58 10 44z"
        self.fill(body, back)
        self.inside(body)
        self.fill(disc(58, 50, 26, 26), belly)
        self.fill(disc(70, 36, 18, 18), breast)
        if cap != back:
            self.fill(disc(58, 8, 18, 9), cap)
        self.out()
        self.fill("M20 36c12-8 28-2 29 12-10 8-26 6-29-12z", wing)
        if kind == "goldfinch":
            self.fill("M30 42c8-2 14 0 18 6l-10 3z", "#eabf3f")
        if kind == "bluetit":
            self.line("M52 20.500h22", "#33434a", 2.6)
        self.fill("M73 20l12 4-12 4z", "#4a4038")
        self.fill(disc(63, 20, 2.8), "#22282a")
        self.fill(disc(64, 19, 0.9), "#ffffff")
        self.line("M36 63v5M46 62v6", "#6d5a48", 2)
        self.out()

    def svg(self):
        return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img">'
                f"<title>{self.title}</title>" + "".join(self.parts) + "</svg>\n")
