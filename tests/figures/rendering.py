"""What is visible in a rendered figure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


@dataclass(frozen=True)
class Rendered:
    """pixels [row, column, rgb]; words: every visible text outside the data area with its box in pixels."""

    pixels: np.ndarray
    words: list[tuple[str, Bbox]]

    def __contains__(self, part: str) -> bool:
        return any(part in word for word, _ in self.words)


@pytest.fixture(scope="session")
def render() -> Callable[[Figure], Rendered]:
    def rendered(figure: Figure) -> Rendered:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        texts: list[Text] = list(figure.texts)
        if figure._suptitle is not None:  # pyright: ignore[reportAttributeAccessIssue]
            texts.append(figure._suptitle)  # pyright: ignore[reportAttributeAccessIssue]
        for legend in figure.legends:
            texts += legend.get_texts()
        for axes in figure.axes:
            texts += [axes.title, axes._left_title, axes._right_title]  # pyright: ignore[reportAttributeAccessIssue]
            for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                low, high = sorted(limits)
                ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                labels = [label for tick in ticks for label in (tick.label1, tick.label2)]
                texts += [axis.label, *labels]
        visible = [text for text in dict.fromkeys(texts) if text.get_visible() and text.get_text().strip()]
        words = [(text.get_text(), text.get_window_extent(renderer)) for text in visible]
        return Rendered(np.asarray(canvas.buffer_rgba())[..., :3].copy(), words)

    return rendered
