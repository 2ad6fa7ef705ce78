"""An interface test: proposed code runs on tiny data, in a process of its own with limits on time and memory."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra_llm.code.errors import CodeError
from hydra_llm.code.prefix import prefixed

KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR")  # of the environment: no key, no token


@dataclass(frozen=True)
class RunLimits:
    """seconds: of wall time. megabytes: of memory on top of what the libraries take."""

    seconds: float = 60.0
    megabytes: int = 2000


def run_interface_test(test: str, path: Path, limits: RunLimits | None = None, prefix: Sequence[str] = ()) -> list[str]:
    """Sentences on what is wrong with the code in `path`; [] for code that may run.

    test: the dotted path of a function that takes the file's path and returns such sentences, or raises. prefix: words
    before the command, which may use the folder of `path`. Raises CodeError for a test that cannot be found: then
    nothing is known of the code.
    """
    limits = limits or RunLimits()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    paths = os.pathsep.join(entry for entry in (str(Path.cwd()), *sys.path) if entry)
    environment = {**kept, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    ours = [sys.executable, "-m", "hydra_llm.code.limited", test, str(path.absolute()), str(limits.megabytes)]
    command = prefixed(prefix, path.absolute().parent, ours)
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=limits.seconds,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return [f"It did not end within {limits.seconds:g} s on a tiny batch; perhaps a loop never ends."]
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return [f"It ended the process that tested it (status {done.returncode}): {(said or ['nothing was said'])[-1]}"]
    if "unusable" in answer:
        raise CodeError(answer["unusable"])
    return [str(sentence) for sentence in answer["problems"]]
