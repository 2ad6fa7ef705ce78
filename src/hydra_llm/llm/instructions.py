"""Where the instruction files are: package data in a wheel, the repository's own folder in an editable install.

A name such as `signal` means the packaged file `signal.md`, wherever the program is started. A path, recognised by its
suffix or its slash, is a file of the user's own and must be absolute.
"""

from collections.abc import Sequence
from pathlib import Path

from hydra_llm.packaged import packaged_folder, places

FOLDERS = places("instructions")
MEMORY = "_memory"  # ending of a written start memory, which is no protocol


def instructions_folder(folders: Sequence[Path] = FOLDERS) -> Path:
    """The first of the folders that is ours. Raises FileNotFoundError where none is."""
    return packaged_folder(folders, "_response.md")


def instruction_names() -> list[str]:
    """Names of the packaged protocols; files that start with an underscore are parts of the prompt."""
    names = (path.stem for path in instructions_folder().glob("[!_]*.md"))
    return sorted(name for name in names if not name.endswith(MEMORY))


def instruction_path(name: str) -> Path:
    """The file of a packaged name or of an absolute path. Raises FileNotFoundError with the choices."""
    if "/" in name or name.endswith(".md"):
        path = Path(name).expanduser()
        if not path.is_absolute():
            raise FileNotFoundError(f"instructions must be an absolute path or a packaged name, got {name}.")
        if not path.is_file():
            raise FileNotFoundError(f"There is no instruction file {path}.")
        return path
    path = instructions_folder() / f"{name}.md"
    if not path.is_file():
        raise FileNotFoundError(f"There are no instructions {name!r}. Packaged: {', '.join(instruction_names())}.")
    return path


def memory_text(name: str) -> str:
    """A written memory that a study starts from: the packaged `<name>_memory.md`, or a file by its absolute path."""
    own = "/" in name or name.endswith(".md")
    try:
        return instruction_path(name if own else f"{name.removesuffix(MEMORY)}{MEMORY}").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if own:
            raise FileNotFoundError(str(error).replace("instructions must", "start_memory must")) from None
        known = sorted(path.stem for path in instructions_folder().glob(f"*{MEMORY}.md"))
        raise FileNotFoundError(f"There is no start memory {name!r}. Packaged: {', '.join(known) or 'none'}.") from None


def instruction_text(name: str) -> str:
    return instruction_path(name).read_text(encoding="utf-8")
