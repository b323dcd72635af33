"""A small writer of SVG: elements, and a frame with two axes. Text and attributes are always escaped."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 612, 16, 326
"""Edges of the drawing area in the picture."""

Range = tuple[float, float]
Tick = tuple[float, str]

PER_CENT: tuple[Tick, ...] = tuple((place / 5, f"{place * 20} %") for place in range(6))


def element(name: str, *content: object, **attributes: object) -> Markup:
    """An element; ``stroke_width`` becomes stroke-width and ``class_`` class; numbers keep two decimals."""
    written = Markup("").join(Markup(' {}="{}"').format(_attribute(key), _short(value)) for key, value in attributes.items())
    inner = Markup("").join(Markup("{}").format(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inner)


def group(parts: Iterable[Markup], **attributes: object) -> Markup:
    """Elements together."""
    return element("g", *parts, **attributes)


def picture(name: str, title: str, description: str, *parts: Markup) -> Markup:
    """A whole drawing, named and described for people who hear the page."""
    head = element("title", title, id=f"{name}-title"), element("desc", description, id=f"{name}-desc")
    box = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", *head, *parts, viewBox=box, role="img", aria_labelledby=f"{name}-title {name}-desc", class_="chart")


@dataclass(frozen=True)
class Frame:
    """A drawing area with two axes. ``log`` draws x by the logarithm of 1 + x."""

    x: Range
    y: Range = (0.0, 1.0)
    log: bool = False

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data lies in the picture."""
        first, last = map(self._across, self.x)
        across = (self._across(x) - first) / ((last - first) or 1.0)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1.0)
        return LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP)

    def _across(self, x: float) -> float:
        return math.log10(1 + x) if self.log else x

    def axes(self, x_label: str, y_label: str, x_ticks: Sequence[Tick], y_ticks: Sequence[Tick]) -> Markup:
        """Grid, ticks and their words."""
        parts = []
        for value, words in y_ticks:
            _, y = self.place(self.x[0], value)
            parts += [element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid")]
            parts += [element("text", words, x=LEFT - 8, y=y + 4, class_="tick end")]
        for value, words in x_ticks:
            x, _ = self.place(value, self.y[0])
            parts += [element("line", x1=x, x2=x, y1=BOTTOM, y2=BOTTOM + 5, class_="axis")]
            parts += [element("text", words, x=x, y=BOTTOM + 20, class_="tick middle")]
        middle = (TOP + BOTTOM) / 2
        parts += [element("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis")]
        parts += [element("text", x_label, x=(LEFT + RIGHT) / 2, y=HEIGHT - 12, class_="label middle")]
        parts += [element("text", y_label, x=16, y=middle, transform=f"rotate(-90 16 {middle})", class_="label middle")]
        return group(parts)

    def line(self, points: Iterable[tuple[float, float]], class_: str) -> Markup:
        """A line through points of the data."""
        written = " ".join(f"{x:.2f},{y:.2f}" for x, y in (self.place(*point) for point in points))
        return element("polyline", points=written, class_=class_)

    def dot(self, x: float, y: float, radius: float, class_: str, words: str = "") -> Markup:
        """A round mark; ``words`` appear where the pointer rests on it."""
        across, up = self.place(x, y)
        return element("circle", *_hint(words), cx=across, cy=up, r=radius, class_=class_)

    def bar(self, x: Range, height: float, class_: str, words: str = "") -> Markup:
        """A bar from the axis up."""
        (left, foot), (right, top) = self.place(x[0], self.y[0]), self.place(x[1], height)
        return element("rect", *_hint(words), x=left, y=top, width=max(0.0, right - left), height=max(0.0, foot - top), class_=class_)

    def whisker(self, x: float, low: float, high: float) -> Markup:
        """An interval, upright."""
        (across, foot), (_, top) = self.place(x, low), self.place(x, high)
        ends = [element("line", x1=across - 4, x2=across + 4, y1=y, y2=y, class_="whisker") for y in (foot, top)]
        return group([element("line", x1=across, x2=across, y1=foot, y2=top, class_="whisker"), *ends])


def _hint(words: str) -> tuple[Markup, ...]:
    return (element("title", words),) if words else ()


def _attribute(key: str) -> Markup:
    return Markup(key if key == "viewBox" else key.rstrip("_").replace("_", "-"))


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
