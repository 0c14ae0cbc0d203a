"""The looks of a diagram: plain attributes that any viewer of SVG understands, and a small style sheet on top of them.

A viewer without style sheets, or without their newer half (librsvg, CairoSVG, most previews), shows the light colours, which
are attributes of each shape. The style sheet has the same in dark, and nothing that is needed. Kinds differ by
shape or dash too, never by colour alone.
"""

from functools import cache

PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#f0f6fc"),
    "quiet": ("#57606a", "#9198a1"),
    "paper": ("#ffffff", "#0d1117"),
    "rule": ("#d0d7de", "#30363d"),
    "blue": ("#0969da", "#58a6ff"),
    "violet": ("#8250df", "#bc8cff"),
    "green": ("#1a7f37", "#3fb950"),
    "red": ("#cf222e", "#ff7b72"),
    "amber": ("#9a6700", "#d29922"),
    "teal": ("#1b7c83", "#56d4dd"),
    "side-0": ("#eef4fb", "#141d29"),
    "side-1": ("#f6e6e4", "#33191a"),
    "side-2": ("#ece4f5", "#271d36"),
    "term-0": ("#eedba4", "#634b12"),
    "term-1": ("#b6daff", "#1f4a74"),
    "term-2": ("#fdc8a0", "#6d3a12"),
    "term-3": ("#b3e2bf", "#1f5a33"),
    "term-4": ("#e3ccff", "#4f3d6d"),
}
"""Each colour in light and in dark."""
LOOKS: dict[str, str] = {
    "card": "fill=paper stroke=rule",
    # words
    "": "fill=ink",
    "title": "fill=ink font-size=15 font-weight=600",
    "name": "fill=ink font-size=14 font-weight=700",
    "strong": "fill=ink font-weight=600",
    "step": "fill=ink font-style=italic",
    "small": "fill=quiet font-size=10.5",
    "word": "fill=quiet font-size=10.5",
    "time": "fill=quiet font-size=10.5 font-family=monospace",
    "term": "fill=ink font-size=9 font-family=monospace text-anchor=middle",
    "letter": "fill=ink font-size=9.5 font-weight=700 text-anchor=middle",
    "letter on": "fill=paper font-size=9.5 font-weight=700 text-anchor=middle",
    "broken": "fill=red font-weight=700",
    # lives
    "follower": "fill=none stroke=quiet stroke-width=2",
    "down": "fill=none stroke=rule stroke-width=2 stroke-dasharray=1,5",
    "trial": "fill=paper stroke=violet stroke-width=1.5 stroke-dasharray=3,2",
    "candidate": "fill=paper stroke=violet stroke-width=1.5",
    "leader": "fill=green",
    "guide": "fill=none stroke=rule stroke-dasharray=1,3",
    "fold": "fill=none stroke=rule",
    # signs
    "sign": "fill=paper stroke=quiet stroke-width=1.5",
    "sign leader": "fill=green stroke=green stroke-width=1.5",
    "sign candidate": "fill=paper stroke=violet stroke-width=1.5",
    "sign trial": "fill=paper stroke=violet stroke-width=1.5 stroke-dasharray=3,2",
    "sign crash": "fill=none stroke=red stroke-width=3.5",
    "sign failed": "fill=none stroke=red stroke-width=3.5",
    "sign stop": "fill=paper stroke=blue stroke-width=1.5",
    "sign restart": "fill=blue stroke=blue stroke-width=1.5",
    "sign snapshot": "fill=teal stroke=paper stroke-width=1.5",
    "sign report": "fill=amber stroke=paper stroke-width=1.2",
    "sign waits": "fill=paper stroke=amber stroke-width=1.2 stroke-dasharray=3,2",
    # messages: the line and its tip
    "question": "fill=none stroke=violet stroke-width=2.2",
    "trial?": "fill=none stroke=violet stroke-width=1.3 stroke-dasharray=6,3",
    "vote": "fill=none stroke=violet stroke-width=1.3",
    "answer": "fill=none stroke=violet stroke-width=1.3 stroke-dasharray=2,3",
    "refusal": "fill=none stroke=violet stroke-width=1.3 stroke-dasharray=8,2,2,2",
    "entries": "fill=none stroke=blue stroke-width=1.3",
    "beat": "fill=none stroke=blue stroke-width=1.3 stroke-dasharray=8,2,2,2",
    "accepted": "fill=none stroke=quiet stroke-width=.8",
    "snapshot": "fill=none stroke=teal stroke-width=2.2",
    "heir": "fill=none stroke=amber stroke-width=2.2",
    "confirm": "fill=none stroke=amber stroke-width=1.3 stroke-dasharray=9,3",
    "wish": "fill=none stroke=quiet stroke-width=1.3 stroke-dasharray=3,3",
    "lost": "fill=none stroke=red stroke-width=2.2",
    # logs
    **{f"entry {term} sure": f"fill=term-{term} stroke=ink stroke-width=1.6" for term in range(5)},
    "entry": "fill=paper stroke=ink stroke-dasharray=2,2",
    "gone": "fill=rule stroke=ink",
    # backups
    "run": "fill=amber stroke=amber",
    **{f"run {ended}": "fill=none stroke=amber stroke-dasharray=3,2" for ended in ("failed", "cancelled", "cut")},
    "turn": "fill=none stroke=amber stroke-width=1.5",
    "belief": "fill=none stroke=amber stroke-width=1.5 stroke-dasharray=4,3",
    **{f"side {number}": f"fill=side-{number}" for number in range(3)},
    "breach": "fill=none stroke=red stroke-width=2 stroke-dasharray=7,3",
}
"""The attributes of each kind of shape; a colour is a name of the palette."""
ROOT = 'font-family="system-ui, sans-serif" font-size="12"'
"""The attributes of the whole drawing."""


@cache
def look(kind: str) -> str:
    """The attributes of a kind, with a space in front; its classes name its colours, for the style sheet."""
    classes, attributes = ["word"] if kind == "word" else [], list[str]()
    for each in LOOKS[kind].split():
        name, _, said = each.partition("=")
        if said in PALETTE:
            classes.append(f"{name[0]}-{said}")
            said = PALETTE[said][0]
        attributes.append(f'{name}="{said}"')
    return f' class="{" ".join(classes)}" {" ".join(attributes)}'


@cache
def tip(kind: str) -> str:
    """The attributes of the tip of an arrow of that kind."""
    colour = LOOKS[kind].partition("stroke=")[2].partition(" ")[0]
    return f' class="f-{colour}" fill="{PALETTE[colour][0]}"'


def style_sheet() -> str:
    """The dark colours, and the halo of words where lines pass behind them: what an old viewer passes over."""
    dark = "".join(f".f-{name}{{fill:{dark}}}.s-{name}{{stroke:{dark}}}" for name, (_, dark) in PALETTE.items())
    light, night = PALETTE["paper"]
    return (
        f"@supports (paint-order: stroke){{.word{{stroke:{light};stroke-width:4px;paint-order:stroke}}}}"
        f"@media (prefers-color-scheme: dark){{{dark}@supports (paint-order: stroke){{.word{{stroke:{night}}}}}}}"
    )
