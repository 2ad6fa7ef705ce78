"""The measured wiring rules of the fly's visual system, as flyvis publishes them (Lappalainen et al. 2024).

A JSON file: nodes (a cell type and the stride at which it tiles the columns), edges (a pair of types with its sign and
the synapse count per column offset), input_units and output_units.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hydra_llm.families.flyvis.system.hull import LEFT_OUT, Offset, gaps

PUBLISHED = "fib25-fib19_v2.2.json"
PUBLISHED_SHA256 = "bfbb0766251ff09e22723d0ebbf7b14793e70b3ae8ad0eea64eac9d28223351a"
FILL_COUNT = 1.0  # synapses assumed in a gap


class ConnectomeError(ValueError):
    """A connectome file cannot be found, fetched or understood."""


@dataclass(frozen=True)
class CellType:
    """A type and its strides: it has a cell in a column (u, v) where u and v are multiples of them."""

    name: str
    stride: tuple[int, int]


@dataclass(frozen=True)
class TypePair:
    """All synapses from one type onto another: one sign, a count per offset, gaps filled."""

    source: str
    target: str
    sign: int
    counts: tuple[tuple[Offset, float], ...]  # ((du, dv), synapses), in the order of the file, filled gaps last


@dataclass(frozen=True)
class ConnectomeFile:
    """The contents of one file. sha256 identifies it in the record of a dataset."""

    cell_types: tuple[CellType, ...]
    pairs: tuple[TypePair, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sha256: str


@lru_cache(maxsize=4)
def read_connectome_file(path: Path) -> ConnectomeFile:
    """Read and check a file. Raises ConnectomeError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConnectomeError(f"The connectome file {path} cannot be read ({error.strerror or error}).") from error
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        spec = json.loads(content)
        cell_types = tuple(CellType(str(node["name"]), _stride(node["pattern"])) for node in spec["nodes"])
        left_out = LEFT_OUT if sha256 == PUBLISHED_SHA256 else {}
        pairs = tuple(_pair(edge, left_out) for edge in spec["edges"])
        inputs, outputs = tuple(spec["input_units"]), tuple(spec["output_units"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConnectomeError(
            f"{path} is not a connectome of flyvis: {type(error).__name__} {error}. Expected JSON with nodes (name, "
            "pattern), edges (src, tar, offsets, alpha), input_units and output_units."
        ) from error
    names = [cell.name for cell in cell_types]
    unknown = {pair.source for pair in pairs} | {pair.target for pair in pairs} | {*inputs, *outputs}
    if unknown - set(names) or len(set(names)) < len(names) or not inputs:
        raise ConnectomeError(
            f"{path} does not fit together: unknown types {sorted(unknown - set(names))}, {len(names)} types of which "
            f"{len(set(names))} differ, {len(inputs)} input types. Check the file."
        )
    return ConnectomeFile(cell_types, pairs, inputs, outputs, sha256)


def _stride(pattern: tuple[str, tuple[int, int]]) -> tuple[int, int]:
    kind, stride = pattern
    if kind != "stride":
        raise ValueError(f"the pattern must be 'stride', got {kind!r}")
    return int(stride[0]), int(stride[1])


def _pair(edge: dict, left_out: dict[tuple[str, str], tuple[Offset, ...]]) -> TypePair:
    source, target = str(edge["src"]), str(edge["tar"])
    counts = [((int(du), int(dv)), float(count)) for (du, dv), count in edge["offsets"]]
    skipped = left_out.get((source, target), ())
    counts += [(gap, FILL_COUNT) for gap in gaps([offset for offset, _ in counts]) if gap not in skipped]
    if edge["alpha"] not in (-1, 1):
        raise ValueError(f"the sign of {source} -> {target} must be 1 or -1, got {edge['alpha']}")
    return TypePair(source, target, int(edge["alpha"]), tuple(counts))
