"""Registration of the sweeper's configuration, made from the table of keys in hydra_llm/keys/sweeper.py.

Hydra imports this module in every application of the environment, most of which never sweep. So nodes are made when
Hydra composes them: to build them all takes longer than everything else here together. Values are checked when a sweep
starts. Keys are closed all the same: Hydra refuses one that is not here.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from hydra.core.config_store import ConfigNode, ConfigStore
from omegaconf import DictConfig

PROVIDER = "llm_ucb_sweeper"
TARGET = "hydra_plugins.hydra_llm_ucb_sweeper.llm_ucb_sweeper.LlmUcbSweeper"
GROUPS = [{"llm": "openai"}, {"stop": "budget"}, {"pruning": "none"}, {"sampler": None}, "_self_"]
SAMPLERS = ("tpe", "random", "cmaes", "gp", "nsgaii", "motpe")  # of hydra-optuna-sweeper, whose YAML is understood


class LateNode(ConfigNode):
    """A node of the ConfigStore whose content is asked for when it is composed."""

    def __init__(self, group: str, name: str, content: Callable[[], dict[str, Any]]) -> None:
        self.name, self.group, self.package, self.provider = name, group, None, PROVIDER
        self._content = content

    @cached_property  # ConfigStore.load sets the node of its copy
    def node(self) -> DictConfig:  # type: ignore[override]
        return DictConfig(self._content())

    def __reduce__(self) -> tuple[Any, ...]:  # a job of a cluster pickles the store again, to be put back in the queue
        return ConfigNode, (self.name, self.node, self.group, self.package, self.provider)


def defaults(table: str) -> dict[str, Any]:
    """{key: default} of a table of keys. An empty mapping stands as null, since Hydra lets nothing enter one that is
    there.
    """
    from hydra_llm.keys import key, sweeper

    found = key.defaults(getattr(sweeper, table))
    return {name: None if value == {} else value for name, value in found.items()}


def register() -> None:
    """`hydra/sweeper=llm_ucb` and its groups llm, stop and pruning."""
    store("hydra/sweeper", "llm_ucb", lambda: {"defaults": GROUPS, "_target_": TARGET, **defaults("SWEEPER")})
    store("hydra/sweeper/llm", "openai", lambda: defaults("LLM"))
    store("hydra/sweeper/llm", "command", lambda: {"defaults": ["openai", "_self_"], "client": "command"})
    store("hydra/sweeper/llm", "scripted", lambda: {"defaults": ["openai", "_self_"], "client": "scripted"})
    store("hydra/sweeper/stop", "budget", lambda: defaults("STOP"))
    store("hydra/sweeper/pruning", "none", lambda: defaults("PRUNING"))
    store("hydra/sweeper/pruning", "median", lambda: {"defaults": ["none", "_self_"], "rule": "median"})
    store("hydra/sweeper/pruning", "asha", lambda: {"defaults": ["none", "_self_"], "rule": "asha"})
    for name in SAMPLERS:
        store("hydra/sweeper/sampler", name, partial(dict, name=name), keep=True)


def store(group: str, name: str, content: Callable[[], dict[str, Any]], *, keep: bool = False) -> None:
    """As ConfigStore.store, which would make the node at once. keep: a node of another plugin stays."""
    folder = ConfigStore.instance().repo
    for part in group.split("/"):
        folder = folder.setdefault(part, {})
    file = f"{name}.yaml"
    if not (keep and file in folder):
        folder[file] = LateNode(group, file, content)


register()
