"""Figures into files."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hydra_llm.atomic_write import replacing
from hydra_llm.figures.style import GREY
from hydra_llm.figures.style import SMALL as SMALL_TEXT

LARGE, SMALL = 150, 90  # dots per inch; the small ones still show text of 8 points
_UNVERSIONED = {"Software": None}  # without matplotlib's version, equal figures give equal files


def save(figures: Mapping[str, Figure], folder: Path, *, footer: str = "", dots_per_inch: int = LARGE) -> list[Path]:
    """Write <name>.png for each figure, in their order. A file appears whole or not at all; an old one is replaced.

    footer: one line at the lower right of every figure.
    """
    misnamed = [name for name in figures if not name or name != Path(name).name or name.startswith(".")]
    if misnamed:
        raise ValueError(f"A figure's name must be without slashes and without a leading dot, got {misnamed[0]!r}.")
    written: list[Path] = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        if footer:
            figure.supxlabel(footer, x=0.99, ha="right", fontsize=SMALL_TEXT, color=GREY)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as aside:
                FigureCanvasAgg(figure).print_figure(aside, dpi=dots_per_inch, format="png", metadata=_UNVERSIONED)
        except OSError as error:
            raise OSError(f"The figure {path} cannot be written ({error}). Choose a folder that can.") from error
        written.append(path)
    return written
