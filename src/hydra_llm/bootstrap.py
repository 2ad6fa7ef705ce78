"""The doorway of train.py: what has to be registered before Hydra composes, and errors as sentences.

Belongs to neither tower; imports no torch.
"""

import contextlib
import dataclasses
import difflib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from hydra_llm.families.register import NODES
from hydra_llm.families.register import register as register_schema
from hydra_llm.packaged import packaged_folder, places
from hydra_llm.schema.root import Config

SCIENCE = ("torch", "lightning", "torch_geometric", "sklearn", "PIL", "h5py")  # top-level packages of that extra
_JOBLIB = ("hydra-joblib-launcher", "pip install 'hydra-llm[joblib]'")
_SUBMITIT = ("hydra-submitit-launcher", "pip install 'hydra-llm[submitit]'")
_RAY = ("hydra-ray-launcher", "give it an environment of its own, without constraints.txt (docs/cluster.md, Ray)")
LAUNCHERS = {  # hydra/launcher -> the distribution that brings it, how to get it
    "joblib": _JOBLIB,
    **dict.fromkeys(("submitit_local", "submitit_slurm", "slurm_cpu", "slurm_gpu"), _SUBMITIT),
    **dict.fromkeys(("ray", "ray_aws"), _RAY),
}
_OVERRIDE = re.compile(r"^(?P<key>[A-Za-z_][\w.]*)=")


def register() -> None:
    """The schema and the resolver `search_hash`, by which the same search finds its folder again."""
    register_schema()
    OmegaConf.register_new_resolver("search_hash", _search_hash, replace=True)


def _search_hash(*, _root_: DictConfig) -> str:
    from hydra_llm.search.space.identity import search_hash  # only a sweep folder needs it

    def plain(name: str) -> Any:
        node = OmegaConf.select(_root_, name)
        return OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else node

    shared = {name: plain(name) for name in ("simulation", "model", "training", "seed")}
    return search_hash(plain("search") or {}, shared)


@contextlib.contextmanager
def friendly_errors(main: Callable[..., Any]) -> Iterator[None]:
    """Say what Hydra does not: which keys there are, or which package brings a launcher, after it has refused an
    override; that a folder is read-only, and that the science is not installed.

    Hydra exits with 1 before any of our code runs, without alternatives, or with a traceback out of its own mkdir.
    """
    problem = without_science() or unwritable(sys.argv[1:])
    if problem:
        print(problem, file=sys.stderr)
        raise SystemExit(1)
    try:
        yield
    except SystemExit as stop:
        if stop.code == 1:
            for sentence in [*unknown_launchers(sys.argv[1:]), *unknown_keys(sys.argv[1:])]:
                print(sentence, file=sys.stderr)
        raise


def without_science() -> str | None:
    """A sentence if packages that a run needs are missing, None if all are there; imports none of them."""
    absent = [name for name in SCIENCE if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f"A run needs {', '.join(absent)}, not installed here: pip install 'hydra-llm[science]' (or '.[science]')."


def unknown_keys(arguments: list[str]) -> list[str]:
    """A sentence for every override whose key the regime of this command line does not have."""
    known = sorted(_declared(_schemas(arguments)))
    sentences = []
    for argument in arguments:
        match = _OVERRIDE.match(argument)
        key = match["key"] if match else ""
        head = key.partition(".")[0]
        if not key or key in known or "." not in key or head in ("hydra", "logger"):
            continue
        if any(name.startswith(f"{key}.") for name in known):
            continue
        siblings = [name for name in known if name.startswith(f"{head}.") and not name.endswith("_")]
        if siblings:  # compared by what follows the group, which all of them share
            leaf, leaves = key.partition(".")[2], [name.partition(".")[2] for name in siblings]
            near = [f"{head}.{name}" for name in difflib.get_close_matches(leaf, leaves, n=3)]
        else:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.7)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        there = f"Keys under {head}: {', '.join(name.partition('.')[2] for name in siblings)}." if siblings else ""
        sentences.append(f"There is no key {key}. {hint}{there}".strip())
    return sentences


def unknown_launchers(arguments: list[str]) -> list[str]:
    """A sentence for every launcher that is named and whose plugin is not installed."""
    sentences = []
    for argument in arguments:
        name = argument.removeprefix("hydra/launcher=")
        if name == argument or name not in LAUNCHERS:
            continue
        distribution, remedy = LAUNCHERS[name]
        if importlib.util.find_spec(f"hydra_plugins.{distribution.replace('-', '_')}") is None:
            sentences.append(f"hydra/launcher={name} needs {distribution}, which is not installed here: {remedy}.")
    return sentences


def unwritable(arguments: list[str]) -> str | None:
    """A sentence if the output folder of this command line cannot be written, None if it can."""
    if any(argument.startswith(("--", "-c")) and argument not in ("--multirun",) for argument in arguments):
        return None  # help or information: nothing is written
    swept = "-m" in arguments or "--multirun" in arguments
    name = "hydra.sweep.dir" if swept else "hydra.run.dir"
    folder = Path("outputs")
    for argument in arguments:
        if argument.startswith(f"{name}="):
            folder = Path(argument.partition("=")[2].strip("'\""))
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK):
        return None
    return (
        f"The output folder {folder} cannot be written: {there} is read-only or no folder. Set {name} to another one."
    )


def _declared(schemas: Iterable[tuple[str, type]]) -> set[str]:
    names = {item.name for item in dataclasses.fields(Config)}
    for group, schema in schemas:
        names |= _below(group, schema)
    return names


def _schemas(arguments: list[str]) -> list[tuple[str, type]]:
    """(group, schema) that the groups on a command line choose; those of every regime where these do not compose."""
    every = [(group, schema) for (group, _), schema in NODES.items()]
    groups = {group for group, _ in every} | {"experiment"}
    chosen = [argument for argument in arguments if argument.partition("=")[0] in groups]
    try:
        with initialize_config_dir(str(packaged_folder(places("conf"), "config.yaml")), version_base="1.3"):
            composed = compose("config", chosen)
    except Exception:  # hydra has said what is wrong with them
        return every
    kinds = {group: OmegaConf.get_type(composed, group) for group in groups if group in composed}
    foreign = {group for group, kind in kinds.items() if (group, kind) not in every}  # a schema that is not ours
    return [(group, schema) for group, schema in every if group in foreign or kinds.get(group) is schema]


def _below(prefix: str, node: type) -> set[str]:
    """The keys of a schema, and those of the schemas that its keys hold."""
    names: set[str] = set()
    kinds = get_type_hints(node)
    for item in dataclasses.fields(node):
        name = f"{prefix}.{item.name}"
        names.add(name)
        for kind in (kinds[item.name], *get_args(kinds[item.name])):
            if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                names |= _below(name, kind)
    return names
