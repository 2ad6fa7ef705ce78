"""The places that declare a sweep, read once: the command line, `hydra.sweeper`, and the application's `search` node.

The command line wins over `hydra.sweeper.params`, which wins over the application's `search` node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import HydraContext
from omegaconf import DictConfig

from hydra_llm.search.space.space import Dimension
from hydra_llm.sweeper import grammar
from hydra_llm.sweeper.application import is_group, search_node, value_in
from hydra_llm.sweeper.errors import SweepError
from hydra_llm.sweeper.grammar import Declared
from hydra_llm.sweeper.quoting import encode, encode_option


@dataclass(frozen=True)
class Sources:
    """`params` holds the parameters of whichever place declares some; `composed` is the application's configuration
    under the fixed overrides of the command line and of `hydra.sweeper.params`.
    """

    options: Mapping[str, Any]
    node: Mapping[str, Any]
    line: Declared
    params: Mapping[str, Dimension]
    fixed: Mapping[str, str]  # key -> override text, for every job
    composed: DictConfig
    config: DictConfig
    context: HydraContext
    parser: OverridesParser

    @classmethod
    def read(
        cls, options: Mapping[str, Any], arguments: list[str], context: HydraContext, config: DictConfig
    ) -> Sources:
        """Raises SweepError naming the key that is wrong."""
        parser = OverridesParser.create(config_loader=context.config_loader)
        line = grammar.from_arguments(arguments, parser)
        own = grammar.from_params(options["params"] or {}, parser)
        fixed = {**own.fixed, **line.fixed}
        composed = context.config_loader.load_sweep_config(config, list(fixed.values()))
        node = search_node(composed)
        params = own.dimensions
        if not params:
            application = grammar.from_params(node.get("params", {}), parser)
            params, fixed = application.dimensions, {**application.fixed, **fixed}
        return cls(options, node, line, params, fixed, composed, config, context, parser)

    def pick(self, key: str, default: Any) -> Any:
        """The sweeper's own value of a key, else the application's."""
        own = self.options[key]
        return own or self.node.get(key, default)

    def value(self, key: str) -> Any:
        """The composed value of a key. Raises KeyError when there is none."""
        return value_in(self.composed, key)

    def compose(self, texts: Iterable[str]) -> DictConfig:
        """The configuration of a job under further overrides."""
        return self.context.config_loader.load_sweep_config(self.config, [*self.fixed.values(), *texts])

    def override(self, key: str, value: Any) -> str:
        return f"{key}={encode_option(value) if is_group(key, self.composed) else encode(value)}"

    def as_overrides(self, declared: Any) -> dict[str, str]:
        """A list of override texts, or a mapping key -> value, as key -> text."""
        if isinstance(declared, Mapping):
            return {key: f"{key}={encode(value)}" for key, value in declared.items()}
        found = grammar.from_arguments([str(item) for item in declared], self.parser)
        if found.dimensions:
            raise SweepError(
                f"search.trial_overrides sweeps over {', '.join(found.dimensions)}. Move that to search.params."
            )
        return found.fixed
