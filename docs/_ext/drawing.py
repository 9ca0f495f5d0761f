"""A few shapes of SVG, in the colours of the theme: light or dark with it."""

from __future__ import annotations

from html import escape

Shapes = list[str]


def figure(shapes: Shapes, size: tuple[int, int], about: str) -> str:
    """Put shapes into a figure, which a page holds as it is; `about` says what it shows."""
    width, height = size
    drawn = "".join(shapes)
    says = escape(about)
    return (
        '<figure class="drawn"><div tabindex="0">'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{says}"'
        f' style="width: {width}px">{drawn}</svg></div>'
        f"<figcaption>{says}</figcaption></figure>"
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Write words; `kind` is of `start` (the default), `mid`, `end`, `strong` and `faint`."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str = "plain") -> str:
    """Draw a box: `plain`, or filled as `good`, `bad` or `other`."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"'
        f' class="{kind}"/>'
    )


def dot(x: float, y: float, kind: str) -> str:
    """Draw a dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="{kind}"/>'


def line(*points: tuple[float, float], kind: str = "edge") -> str:
    """Draw a line through points: an `edge`, a `faint` one, or an `arrow` with a head."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    head = ""
    if kind == "arrow":
        (x0, y0), (x1, y1) = points[-2:]
        across = (y1 - y0, x0 - x1)
        length = max((across[0] ** 2 + across[1] ** 2) ** 0.5, 1e-9)
        a, b = across[0] / length * 4, across[1] / length * 4
        back = (x1 + b * 2, y1 - a * 2)
        ends = f"{x1:.1f},{y1:.1f} {back[0] + a:.1f},{back[1] + b:.1f}"
        head = f'<polygon points="{ends} {back[0] - a:.1f},{back[1] - b:.1f}" class="head"/>'
    return f'<polyline points="{path}" class="{kind}"/>{head}'


def bar(x: float, y: float, length: float, kind: str) -> str:
    """Draw a bar to the right, or to the left where the length is negative."""
    return box(min(x, x + length), y, max(abs(length), 0.8), 14, kind)
