"""All quality gates in one command, each with its own time: format, lint, spelling, types, imports, tests.

    python scripts/check.py --tier quick|full|static [--force] [arguments of pytest]

A run that passed leaves a stamp: a hash of the sources, the interpreter and the installed packages. While nothing of
that changes, the same tier is not run again. Standard library only; the tools are those beside the interpreter.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent
STAMP = ROOT / ".make" / "passed.json"
SKIPPED = {".git", ".venv", ".make", "outputs", "__pycache__", "wandb", "build", "dist"}  # where git cannot tell
MOST_WORKERS = 4  # each holds its own torch

STATIC: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "spelling": ["codespell"],
    "types": ["pyright"],
    "imports": ["lint-imports", "--no-logo"],
}
TIERS = ("quick", "full", "static")


def main() -> int:
    options, arguments = parse()
    began = time.monotonic()
    key = None if arguments else state_key()  # a part of the tests proves nothing about the rest
    passed = read_stamp()
    if not options.force and key is not None and passed.get("key") == key and covers(passed.get("tier"), options.tier):
        print(f"Nothing changed since the {passed['tier']} tier passed on {passed['when']}: {passed['summary']}")
        print(f"To run it again: make test TIER={options.tier} FORCE=1")
        return 0

    gates = dict(STATIC)
    if options.tier != "static":
        gates["tests"] = pytest_command(options.tier, arguments)
    results = {name: run_gate(name, command) for name, command in gates.items()}

    failed = [name for name, (code, _) in results.items() if code != 0]
    times = ", ".join(f"{name} {seconds:.1f} s" for name, (_, seconds) in results.items())
    seconds = time.monotonic() - began
    print(f"\n{options.tier} tier: {seconds:.0f} s ({times})")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
        return 1
    print("All gates passed.")
    if key is not None and options.tier != "static" and state_key() == key:  # edited meanwhile: no stamp
        write_stamp(key, options.tier, f"all gates in {seconds:.0f} s")
    return 0


def parse() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        description="Run all quality gates; further arguments go to pytest.", allow_abbrev=False
    )
    parser.add_argument(
        "--tier", choices=TIERS, default="quick", help="quick: without the slow tests; static: no tests"
    )
    parser.add_argument("--force", action="store_true", help="run even if nothing changed since the last pass")
    return parser.parse_known_args()


# ---- gates ----
def pytest_command(tier: str, arguments: list[str]) -> list[str]:
    command = ["pytest", *(["-m", "not slow"] if tier == "quick" else [])]
    command.append("--hypothesis-profile=ci")  # the same examples every time, whatever else the machine is doing
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    if workers > 1 and not arguments:
        command += ["-n", str(workers), "--dist", "loadfile"]  # by file: fixtures of a module are built once
    return [*command, *arguments]


def run_gate(name: str, command: list[str]) -> tuple[int, float]:
    """(exit status, seconds). The workers decide on threads, unless the caller has."""
    print(f"\n--- {name}: {' '.join(command)}", flush=True)
    environment = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", **os.environ}
    environment["PATH"] = f"{TOOLS}{os.pathsep}{environment.get('PATH', '')}"
    began = time.monotonic()
    try:
        code = subprocess.call([str(TOOLS / command[0]), *command[1:]], cwd=ROOT, env=environment)
    except FileNotFoundError:
        print(f"{command[0]} is not installed beside {sys.executable}. Run `make install`.")
        code = 127
    return code, time.monotonic() - began


# ---- the stamp ----
def covers(passed: str | None, wanted: str) -> bool:
    return passed == "full" or passed == wanted


def state_key() -> str:
    """One hash over what the gates depend on: every source file, the interpreter, the installed packages, and whether
    tests find published files that are not shipped.
    """
    digest = hashlib.sha256()
    digest.update(f"{sys.version}\n{sys.executable}\n{os.environ.get('HYDRA_LLM_DATA', '')}\n".encode())
    digest.update("\n".join(sorted(f"{d.name}=={d.version}" for d in distributions())).encode())
    for path in sorted(source_files()):
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def source_files() -> Iterator[Path]:
    """Tracked and untracked files, without the ignored ones; without git, all but the folders known to be output."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        yield from walked_files()
        return
    names = listing.stdout.decode(errors="surrogateescape").split("\0")
    yield from (ROOT / name for name in names if name and (ROOT / name).is_file())


def walked_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.endswith("_cache")]
        yield from (Path(folder) / name for name in files)


def read_stamp() -> dict[str, str]:
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(key: str, tier: str, summary: str) -> None:
    STAMP.parent.mkdir(exist_ok=True)
    when = time.strftime("%Y-%m-%d %H:%M")
    STAMP.write_text(json.dumps({"key": key, "tier": tier, "when": when, "summary": summary}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
