"""A second device that needs no GPU: its tensors say that they lie on `meta`, and hold their values all the same.

What mixes it with the CPU is refused as a GPU refuses it, so a fit that runs here has its tensors where they belong.
It says nothing of kernels, speed or memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
_CPU = torch.device("cpu")
_ACROSS = ("copy_", "_to_copy", "_local_scalar_dense")  # what moves values between devices
_INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")  # a GPU takes indices that lie on the CPU


class There(Tensor):
    """A tensor on the second device."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "There":
        strides = inner.stride() if inner.layout == torch.strided else None
        found = Tensor._make_wrapper_subclass(cls, inner.shape, strides=strides, dtype=inner.dtype, device=DEVICE)
        found.inner = inner.detach()
        return found

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        return _run(function, arguments, keywords or {})

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A checkpoint is read to the CPU."""
        return self.inner.__reduce_ex__(protocol)

    def tolist(self) -> Any:
        return self.inner.tolist()

    def __repr__(self, **_: Any) -> str:
        return f"There({self.inner!r})"


class _FromNumbers(TorchFunctionMode):
    """What makes tensors of Python's numbers never reaches the dispatcher, and leaves the numbers out on `meta`."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        keywords = keywords or {}
        if function is torch.tensor and torch.device(keywords.get("device") or _CPU) == DEVICE:
            return torch.tensor(*arguments, **{**keywords, "device": _CPU}).to(DEVICE)
        if function is Tensor.new_tensor and isinstance(arguments[0], There):
            return function(arguments[0].inner, *arguments[1:], **keywords).to(DEVICE)
        if function is Tensor.__getitem__ and isinstance(arguments[1], list):
            return arguments[0][torch.tensor(arguments[1])]
        return function(*arguments, **keywords)


class _Dispatched(TorchDispatchMode):
    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        return _run(function, arguments, keywords or {})


@contextmanager
def second_device() -> Iterator[None]:
    """Meanwhile tensors can be made on `meta` and moved there and back. Fused Adam knows no such device."""
    with _FromNumbers(), _Dispatched():
        yield


def _run(function: Any, arguments: Any, keywords: dict[str, Any]) -> Any:
    name = function.overloadpacket.__name__
    asked = keywords.get("device")
    tensors = [part for part in tree_flatten((arguments, keywords))[0] if isinstance(part, Tensor)]
    there = any(isinstance(part, There) for part in tensors)
    if any(part.device == DEVICE and not isinstance(part, There) for part in tensors):
        raise RuntimeError(f"{name}: the stand-in has lost the values of a tensor. Teach it where they went.")
    if name not in _ACROSS:
        _refuse_a_mixture(function, name, arguments, tensors)
    if asked is not None:
        there = torch.device(asked) == DEVICE
        keywords = {**keywords, "device": _CPU}
        if there and keywords.get("generator") is not None:
            raise RuntimeError(f"{name}: a generator on the CPU draws nothing on the second device.")
    given, named = tree_map(_inner, (list(arguments), keywords))
    if name == "_to_copy" and asked is not None and named.get("dtype") is None:
        named["dtype"] = given[0].dtype
    found = function(*given, **named)
    if name == "_to_copy" and found is given[0]:
        found = found.clone()
    if function._schema.is_mutable:
        return _same_objects(function, arguments, keywords, found)
    return tree_map(lambda part: There(part) if there and isinstance(part, Tensor) else part, found)


def _inner(part: Any) -> Any:
    return part.inner if isinstance(part, There) else part


def _same_objects(function: Any, arguments: Any, keywords: dict[str, Any], found: Any) -> Any:
    """What a function changed in place is returned as the object that was given."""
    known = {id(_inner(part)): part for part in tree_flatten((arguments, keywords))[0] if isinstance(part, Tensor)}
    return tree_map(lambda part: known.get(id(part), part), found)


def _refuse_a_mixture(function: Any, name: str, arguments: Any, tensors: list[Tensor]) -> None:
    if name in _INDEXING and isinstance(arguments[0], There):
        tensors = [arguments[0], *(part for part in arguments[2:] if isinstance(part, Tensor) and part.ndim)]
    if torch.Tag.pointwise in function.tags or name in ("fill_", "masked_fill", "masked_fill_", "where"):
        tensors = [part for part in tensors if part.ndim or isinstance(part, There)]
    if len({isinstance(part, There) for part in tensors}) > 1:
        where = ", ".join("second device" if isinstance(part, There) else "cpu" for part in tensors)
        raise RuntimeError(f"{name}: expected all tensors to be on the same device, got {where}.")


class SecondAccelerator(CPUAccelerator):
    """For Lightning."""

    def setup_device(self, device: torch.device) -> None:
        pass


def trainer_options() -> dict[str, Any]:
    """Arguments of lightning.Trainer for a fit on the second device."""
    return {"strategy": SingleDeviceStrategy(DEVICE, SecondAccelerator())}
