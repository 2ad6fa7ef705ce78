"""What was computed from a dataset, in one file: dataclasses of ours that hold tensors and plain values.

An .npz archive of the tensors with a description of the object that they belong to; no pickle, so that reading a file
runs no code of it. The archive has a checksum per tensor, so that a damaged file is noticed.
"""

import dataclasses
import json
import zipfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.atomic_write import replacing
from hydra_llm.data.errors import DatasetError

_PACKAGE = "hydra_llm."  # where the classes of a result may come from
_DESCRIPTION = "description"


def write_result(path: Path, result: Any) -> None:
    """Replace the file in one step, whoever else writes it. Raises TypeError for an object that holds anything else."""
    tensors: dict[str, np.ndarray] = {}
    tensors[_DESCRIPTION] = np.array(json.dumps(_described(result, tensors)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, durable=True) as aside, aside.open("wb") as file:
        np.savez(file, allow_pickle=False, **tensors)


def read_result(path: Path) -> Any:
    """An object equal to the one that was written. Raises DatasetError for a file that is damaged, or missing."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return _built(json.loads(str(archive[_DESCRIPTION])), archive)
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, EOFError),
        zipfile.BadZipFile,
    ) as error:
        raise DatasetError(f"{path} cannot be read ({error}).") from error


def _described(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        name = f"tensor_{len(tensors)}"
        tensors[name] = value.detach().cpu().numpy()
        return {"tensor": name}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_PACKAGE):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        of = [type(value).__module__, type(value).__qualname__]
        return {"class": of, "fields": {name: _described(part, tensors) for name, part in fields.items()}}
    if isinstance(value, Mapping):
        return {"mapping": [[_described(key, tensors), _described(part, tensors)] for key, part in value.items()]}
    if isinstance(value, Sequence):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_described(part, tensors) for part in value]}
    raise TypeError(f"A stored result holds dataclasses, tensors and plain values, got {type(value).__name__}.")


def _built(described: Any, tensors: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(described, dict):
        return described
    (kind, content), *rest = described.items()
    if kind == "tensor":
        return torch.from_numpy(tensors[content])
    if kind == "class":
        module, name = content
        if not module.startswith(_PACKAGE):
            raise ValueError(f"{module}.{name} is no class of this package")
        fields = {key: _built(part, tensors) for key, part in dict(rest)["fields"].items()}
        return getattr(import_module(module), name)(**fields)
    if kind == "mapping":
        return {_built(key, tensors): _built(part, tensors) for key, part in content}
    return {"tuple": tuple, "list": list}[kind](_built(part, tensors) for part in content)
