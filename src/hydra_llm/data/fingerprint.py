"""The name of a dataset: a hash of everything that its numbers depend on."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import hydra_llm.systems
from hydra_llm.systems.base import System

SCHEMA = 2  # how a dataset is laid out on the disk
ROOMS = ("system", "stimuli")  # of a family: what simulates it


@lru_cache
def source_hash(*folders: str) -> str:
    """Hash of the sources in folders of hydra_llm, such as "systems"."""
    root = Path(next(iter(hydra_llm.systems.__path__))).parent
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def simulator_version(system: System) -> str:
    """Hash of the code that simulates the system. A guest's own code is not looked at: its keys hold a version."""
    place = type(system).__module__.split(".")
    family = "/".join(place[1:3]) if place[:2] == ["hydra_llm", "families"] else None
    return source_hash("systems", *(f"{family}/{room}" for room in ROOMS if family is not None))


def fingerprint(system: System) -> str:
    """20 hexadecimal digits of layout, system, keys (stimulus and simulation), seed, dtype and simulator version."""
    content = {
        "schema": SCHEMA,
        "system": system.name,
        "keys": dict(system.keys),
        "seed": system.seed,
        "dtype": system.dtype,
        "sources": simulator_version(system),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
