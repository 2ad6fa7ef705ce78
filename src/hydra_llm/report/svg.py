"""SVG elements and axes for the charts of the page. Text is escaped; colours are CSS classes, which themes reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from hydra_llm.search.number_text import number

WIDEST = 1080.0  # pixels that a drawing has to itself in a window of 1200


def el(tag: str, *children: Any, **attributes: Any) -> Markup:
    """`class_` is class, other underscores are hyphens; None leaves an attribute or a child out."""
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    head = "".join(f' {name}="{escape(_text(value))}"' for name, value in pairs)
    inner = "".join(escape(child) for child in children if child is not None)
    return Markup(f"<{tag}{head}>{inner}</{tag}>")  # every part is escaped above


def _text(value: Any) -> Any:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def chart(width: float, height: float, *children: Any, label: str, class_: str = "chart", **attributes: Any) -> Markup:
    """A drawing of a fixed size in CSS pixels inside a box that scrolls sideways where it is narrower."""
    drawing = el(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=label,
        class_=class_,
        **attributes,
    )
    return el("div", drawing, class_="scroll", tabindex=0, role="group", aria_label=label)


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` on pixels from `start` to `stop`; `log` needs low > 0."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + share * (self.stop - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            step = max(1, math.ceil((last - first + 1) / most))
            powers = [10.0**e for e in range(first, last + 1, step)]
            return powers if len(powers) > 1 else [self.low, self.high]
        return nice_ticks(self.low, self.high, most)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def padded(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Least and largest with some room; a single value gets room too."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * share or 1.0
    return low - room, high + room


def short(value: Any, digits: int = 4) -> str:
    """A number or a value on the page, where nothing is an en dash."""
    return number(value, digits, "–")


def y_axis(axis: Axis, left: float, right: float, label: str, above: float = 10.0) -> list[Markup]:
    """Grid lines with numbers, and the name of the quantity above them."""
    parts = [el("text", label, x=left, y=min(axis.start, axis.stop) - above, class_="axis-name")]
    for tick in axis.ticks():
        y = axis(tick)
        parts.append(el("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(el("text", short(tick), x=left - 6, y=y + 4, class_="tick", text_anchor="end"))
    return parts


def x_axis(axis: Axis, y: float, label: str, most: int = 8) -> list[Markup]:
    parts = [el("line", x1=axis.start, x2=axis.stop, y1=y, y2=y, class_="axis")]
    parts += [
        el("text", short(tick), x=axis(tick), y=y + 16, class_="tick", text_anchor="middle")
        for tick in axis.ticks(most)
    ]
    parts.append(el("text", label, x=(axis.start + axis.stop) / 2, y=y + 34, class_="axis-name", text_anchor="middle"))
    return parts


def path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) if points else ""
