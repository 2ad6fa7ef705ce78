"""The sweeper alone, without torch, on every further Python that this machine has: installed, and its tests run.

    python scripts/interpreters.py

Versions are those that pyproject.toml names, this one left out. Standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"Programming Language :: Python :: (3\.\d+)")
TESTED = ("tests/search", "tests/keys", "tests/plugin")
NEEDS = (".[numeric]", "pytest", "pytest-xdist", "hypothesis")


def main() -> int:
    here = "{}.{}".format(*sys.version_info[:2])
    failed = []
    for version in NAMED.findall((ROOT / "pyproject.toml").read_text()):
        if version == here:
            continue
        python = interpreter(version)
        with tempfile.TemporaryDirectory() as folder:
            if python is None:
                print(f"Python {version} is not here, and not tested.", flush=True)
            elif (own := installed(python, Path(folder))) is None:
                print(f"The package cannot be installed for Python {version}, which is not tested.", flush=True)
            elif not passes(own):
                failed.append(version)
    if failed:
        print(f"The sweeper does not pass its tests on Python {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def interpreter(version: str) -> str | None:
    """One that starts and is of this version: on the path, or among those of pyenv."""
    folders = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    known = [str(path) for path in sorted(folders.glob(f"{version}*/bin/python{version}"), reverse=True)]
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for python in [*filter(None, [shutil.which(f"python{version}")]), *known]:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return python
    return None


def installed(python: str, folder: Path) -> str | None:
    """The interpreter of an environment in this folder that has the package, without extras of the science."""
    own = str(folder / "bin" / "python")
    pip = [own, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check", "-c", "constraints.txt"]
    steps = [[python, "-m", "venv", str(folder)], [*pip, *NEEDS]]
    return own if all(subprocess.run(step, cwd=ROOT).returncode == 0 for step in steps) else None


def passes(python: str) -> bool:
    workers = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    quiet = ["-q", "-n", workers, "-m", "not slow", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers"]
    subprocess.run([python, "--version"])
    return subprocess.run([python, "-m", "pytest", *quiet, *TESTED], cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
