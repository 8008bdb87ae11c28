"""A preview as a small SVG picture, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from coalition.campaigns.render import label_of, sentence
from coalition.campaigns.simulate import Preview

__all__ = ["svg"]

WIDTH = 720
LABEL = 170
BAR_MAX = WIDTH - LABEL - 110
ROW = 22
BLUE, GREEN, ORANGE = "#2b6cb0", "#2f855a", "#c05621"

Rows = Sequence[tuple[str, int]]


def svg(preview: Preview) -> str:
    """Return the text of an SVG file: points per member, members on their way, and points per month, as bars."""
    charts: list[tuple[str, Rows, str]] = [
        ("Members by points paid", [(label_of(one), one.members) for one in preview.points_per_member], BLUE),
        (
            f"Members on their way, by {preview.short_unit} short",
            [(label_of(one), one.members) for one in preview.short_by],
            ORANGE,
        ),
        ("Points by month", list(preview.points_by_month.items()), GREEN),
    ]
    parts = [_text(16, 28, preview.name, size=18, bold=True), _text(16, 50, sentence(preview), size=13)]
    top = 84
    for title, rows, colour in charts:
        if rows:
            parts += [_text(16, top, title, size=14, bold=True), *_bars(rows, colour, top + 12)]
            top += 12 + ROW * len(rows) + 32
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    body = "\n".join(parts)
    return f'{head} font-family="sans-serif" role="img">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'


def _bars(rows: Rows, colour: str, top: int) -> list[str]:
    most = max(1, *(value for _, value in rows))
    parts = []
    for place, (label, value) in enumerate(rows):
        y, width = top + place * ROW, value * BAR_MAX // most
        parts.append(_text(LABEL - 8, y + 15, label, anchor="end"))
        parts.append(f'<rect x="{LABEL}" y="{y + 3}" width="{width}" height="{ROW - 6}" fill="{colour}"/>')
        parts.append(_text(LABEL + width + 6, y + 15, f"{value:,}"))
    return parts


def _text(x: int, y: int, text: str, *, size: int = 12, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
