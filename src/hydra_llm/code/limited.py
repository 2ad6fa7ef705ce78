"""The other end of an interface test: `python -m hydra_llm.code.limited TEST FILE MEGABYTES`.

The test's own imports come first; then the limits are set and doors closed, and only then does the code run. One line
of JSON goes to the standard output, whatever the code prints.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra_llm.dotted import DottedPathError, load

CLOSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.fork",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "shutil.",
    "ctypes.",
)
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate")


def main(test: str, path: str, megabytes: int) -> dict[str, Any]:
    sys.path.insert(0, str(Path(path).parent))
    try:
        function = load("interface_test", test)
    except DottedPathError as error:
        return {"unusable": str(error)}
    _limit_memory(megabytes)
    _close_doors(path)
    return {"problems": _asked(function, path, megabytes)}


def _asked(function: Callable[[str], Any], path: str, megabytes: int) -> list[str]:
    try:
        return [str(problem) for problem in function(path) or ()]
    except BaseException as error:
        causes = [error, *_causes(error)]
        if any(isinstance(cause, MemoryError) or "allocate" in str(cause) for cause in causes):
            return [f"It asked for more than {megabytes} MB of memory."]
        places = [frame for cause in causes for frame in traceback.extract_tb(cause.__traceback__)]
        own = [frame for frame in places if frame.filename == path]
        return [f"{f'Line {own[-1].lineno}: ' if own else ''}{type(error).__name__}: {_first(error)}"]


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    while (cause := error.__cause__ or error.__context__) is not None:
        found.append(cause)
        error = cause
    return found


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


def _limit_memory(megabytes: int) -> None:
    """On top of what is mapped now. Where the system has no such limit, the time limit alone holds."""
    try:
        import resource
    except ImportError:
        return
    statm = Path("/proc/self/statm")
    mapped = int(statm.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 8 * 10**9
    most = mapped + megabytes * 10**6
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # for libraries that write past Python; pipes have no size


def _close_doors(path: str) -> None:
    """From here on nothing is written, started or called from this process; what Python loads itself may be read."""
    readable = tuple({os.path.realpath(entry) for entry in (sys.prefix, sys.base_prefix, *sys.path) if entry})

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(CLOSED) or event in CHANGES:
            raise PermissionError(f"proposed code may not use {event}")
        if event == "open":
            name, mode, flags = (*arguments, None, None)[:3]
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            read = os.path.realpath(os.fsdecode(name)) if isinstance(name, str | bytes) else ""
            if writes or not (read.startswith(readable) and read.endswith((".py", ".pyc", ".so", ".json", ".txt"))):
                raise PermissionError(f"proposed code may not open files, and opened {name!r}")

    sys.addaudithook(watch)


if __name__ == "__main__":
    out = os.dup(1)
    os.dup2(2, 1)  # what the code prints is not the answer
    answer = main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    os.write(out, (json.dumps(answer) + "\n").encode())
    os._exit(0)
