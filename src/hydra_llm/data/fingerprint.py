"""The name of a dataset: a hash of everything that its numbers depend on."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import hydra_llm.systems
from hydra_llm.systems.base import System


@lru_cache
def source_hash(package: str = "systems") -> str:
    """Hash of the sources of a package of hydra_llm; that of systems is the version of the simulator."""
    folder = Path(next(iter(hydra_llm.systems.__path__))).parent / package
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(system: System) -> str:
    """20 hexadecimal digits of system, keys (stimulus and simulation), seed, dtype and simulator version."""
    content = {
        "system": system.name,
        "keys": dict(system.keys),
        "seed": system.seed,
        "dtype": system.dtype,
        "sources": source_hash(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
