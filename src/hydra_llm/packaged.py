"""conf/ and instructions/: inside the package in a wheel, beside src/ in a checkout and in an editable install."""

from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def places(name: str) -> tuple[Path, Path]:
    """Where a folder of that name may be, the package first."""
    return _PACKAGE / name, _PACKAGE.parents[1] / name


def packaged_folder(folders: Sequence[Path], landmark: str) -> Path:
    """The first of the folders that holds the file `landmark`: one of that name that is not ours does not.

    Raises FileNotFoundError where none does.
    """
    for folder in folders:
        if (folder / landmark).is_file():
            return folder
    looked = " nor in ".join(str(folder) for folder in folders)
    raise FileNotFoundError(f"There is no {landmark} in {looked}. Reinstall hydra-llm.")
