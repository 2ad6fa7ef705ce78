"""The repository stands by itself: no tracked file names a place outside it, or a folder of one machine."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from check import source_files  # noqa: E402

MAY = ".ci/run"  # looks for unshipped files beside the checkout, and hands them on as HYDRA_LLM_DATA
BESIDE = re.compile(r"\.\./sha" + r"red\b|[\"']sha" + r"red[\"'] ?/")
UPWARDS = re.compile(r"(?<![\w./>])(?:\.\./)+[\w.]+")
PARENTS = re.compile(r"Path\(__file__\)(?:\.resolve\(\))?\.parents\[(\d+)\]")
MACHINE = re.compile(r"(?<![\w.~$}/>-])/(?:work|root|mnt|Users)/[\w.]+|(?<![\w.])/home/(?!me\b|USER\b|\$)\w+")


def text_files() -> dict[str, str]:
    """Path from the root -> content, of all tracked and new files that are text."""
    found = {}
    for path in source_files():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            found[path.relative_to(ROOT).as_posix()] = content.decode(errors="replace")
    return found


def complaints(name: str, text: str) -> list[str]:
    """What a file names that lies outside the repository; `../x` is read from the folder of the file."""
    found = [match[0] for pattern in (BESIDE, MACHINE) for match in pattern.finditer(text)]
    folder = (ROOT / name).parent
    upwards = [match[0] for match in UPWARDS.finditer(text)]
    found += [path for path in upwards if not (folder / path).resolve().is_relative_to(ROOT)]
    depth = len(Path(name).parts)  # parents[depth - 1] of a file is the root
    return found + [match[0] for match in PARENTS.finditer(text) if int(match[1]) >= depth]


def test_no_tracked_file_names_a_place_outside_the_repository():
    files = text_files()
    assert len(files) > 500
    found = {name: places for name, text in files.items() if name != MAY and (places := complaints(name, text))}
    assert found == {}


def test_a_place_outside_is_found_in_every_spelling():
    up = ".." + "/"
    assert complaints("docs/page.md", f"see {up}{up}elsewhere/notes.md")
    assert complaints("docs/page.md", f"see [results]({up}benchmarks/results/search.md)") == []
    assert complaints("tests/nn/test_x.py", "Path(__file__).parents" + "[3]")
    assert complaints("tests/nn/test_x.py", "Path(__file__).resolve().parents" + "[2]") == []
    assert complaints("tests/nn/test_x.py", f"it would be at {up}sha" + "red/data")
    assert complaints("README.md", "/roo" + "t/.cache/x")
    assert complaints("README.md", "DAVIS_ROOT=/data/DAVIS") == []
