"""Creates .venv and installs the package into it at the tested versions; run by `make` when needed.

    python scripts/install.py all    # what runs and sweeps need
    python scripts/install.py dev    # that, and what the checks and the documentation need

Standard library only. A stamp per set holds the path of the checkout, because an environment does not survive a move.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMPS = {"all": VENV / ".installed", "dev": VENV / ".installed-dev"}  # the Makefile compares them with its folder
LOG = ROOT / ".make" / "pip.log"
LEAST = (3, 11)
HEAD = 1000  # characters of a script that surely hold its interpreter's path


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) == 2 else ""
    if wanted not in STAMPS:
        return fail(f"The set to install must be one of {', '.join(STAMPS)}, got {wanted!r}.")
    began = time.monotonic()
    python = VENV / "bin" / "python"
    if is_usable(python):
        say("Installing into .venv ...")
    else:
        say("Creating .venv and installing the package, once; this takes some minutes, mostly for torch ...")
        shutil.rmtree(VENV, ignore_errors=True)
        if subprocess.call([sys.executable, "-m", "venv", str(VENV)]) != 0:
            return fail("The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv")
    STAMPS[wanted].unlink(missing_ok=True)
    LOG.parent.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    options = ["-qq", "--no-input", "--disable-pip-version-check", "--log", str(LOG)]  # -qq: errors only
    command = [str(python), "-m", "pip", "install", *options, "-c", "constraints.txt", "-e", f".[{wanted}]"]
    if subprocess.call(command, cwd=ROOT) != 0:
        return fail(f"pip could not install the package; the full log is in {LOG.relative_to(ROOT)}.")
    for name in ("all", "dev") if wanted == "dev" else ("all",):  # the second set holds the first
        STAMPS[name].write_text(f"{ROOT}\n")
    say(f"Installed in {time.monotonic() - began:.0f} s.")
    return 0


def is_usable(python: Path) -> bool:
    """Whether .venv holds a Python that starts and is new enough, and was made for this folder."""
    try:
        made_here = str(VENV) in (VENV / "bin" / "pip").read_text()[:HEAD]
        question = f"import sys; sys.exit(sys.version_info < {LEAST})"
        return made_here and subprocess.call([str(python), "-c", question], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
