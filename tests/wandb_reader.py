"""Reads what Weights & Biases wrote offline: records of its own protocol, in the log format of LevelDB."""

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK, HEADER, FILE_HEADER = 32768, 7, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


@dataclass
class OfflineRun:
    group: str = ""
    job_type: str = ""
    name: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    artifacts: list[tuple[str, str]] = field(default_factory=list)  # (type, name)
    exited: bool = False
    exit_code: int | None = None


def offline_runs(folder: Path) -> list[Path]:
    return sorted(folder.glob("offline-run-*/*.wandb"))


def read_offline_run(folder: Path) -> OfflineRun:
    """The only run below `folder`, the wandb folder of a job."""
    (path,) = offline_runs(folder)
    return read_run(path)


def read_run(path: Path, patience_s: float = 20.0) -> OfflineRun:
    """W&B writes in a process of its own, which may still be at it: a run is whole when its exit is on file."""
    end = time.monotonic() + patience_s
    while True:
        run = _read(path)
        if run.exited or time.monotonic() > end:
            return run
        time.sleep(0.1)


def _read(path: Path) -> OfflineRun:
    from wandb.proto import wandb_internal_pb2 as proto

    run = OfflineRun()
    for data in _records(path.read_bytes()):
        record = proto.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.group, run.job_type, run.name = record.run.run_group, record.run.job_type, record.run.display_name
            run.tags = list(record.run.tags)
            _update(run.config, record.run.config.update)
        elif kind == "config":
            _update(run.config, record.config.update)
        elif kind == "summary":
            _update(run.summary, record.summary.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            _update(row, record.history.item)
            run.history.append(row)
            run.summary.update(row)
        elif kind == "files":
            run.files += [item.path for item in record.files.files]
        elif kind == "exit":
            run.exited, run.exit_code = True, record.exit.exit_code
        elif kind == "artifact":
            run.artifacts.append((record.artifact.type, record.artifact.name))
    return run


def _update(target: dict[str, Any], items: Any) -> None:
    for item in items:
        name = item.key or "/".join(item.nested_key)
        target[name] = json.loads(item.value_json)


def _records(content: bytes) -> Iterator[bytes]:
    """The payloads, those that span several blocks put together. One that is still being written is left out."""
    place, parts = FILE_HEADER, b""
    while place + HEADER <= len(content):
        left = BLOCK - place % BLOCK
        if left < HEADER:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + HEADER])
        payload = content[place + HEADER : place + HEADER + length]
        if len(payload) < length:
            return
        place += HEADER + length
        if kind == FULL:
            yield payload
        elif kind == FIRST:
            parts = payload
        elif kind in (MIDDLE, LAST):
            parts += payload
            if kind == LAST:
                yield parts
