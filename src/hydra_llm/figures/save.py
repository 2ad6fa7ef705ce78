"""Figures into files."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_DOTS_PER_INCH = 150


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write <name>.png for each figure, in their order. A file appears whole or not at all; an old one is replaced."""
    misnamed = [name for name in figures if not name or name != Path(name).name or name.startswith(".")]
    if misnamed:
        raise ValueError(
            f"{misnamed[0]!r} cannot name a figure's file. Choose a name without slashes or a leading dot."
        )
    written: list[Path] = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        aside = folder / f".{name}.png.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # no version of matplotlib inside: equal figures give equal files
            FigureCanvasAgg(figure).print_figure(aside, dpi=_DOTS_PER_INCH, format="png", metadata={"Software": None})
            aside.replace(path)
        except OSError as error:
            raise OSError(f"The figure {path} cannot be written ({error}). Choose a folder that can.") from error
        finally:
            with suppress(OSError):  # the error above is the one to tell
                aside.unlink()
        written.append(path)
    return written
