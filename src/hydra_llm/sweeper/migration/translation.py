"""Options that are being translated, with what is to be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra_llm.keys.key import Key


@dataclass
class Translation:
    """`options` are those of the user's YAML; `known` is the table of this sweeper's keys."""

    options: dict[str, Any]
    known: Mapping[str, Key]
    remarks: list[str] = field(default_factory=list)

    def take(self, name: str) -> Any:
        """The value of a key that is not one of ours, which is gone from the options; None without it."""
        return None if name in self.known else self.options.pop(name, None)

    def give(self, name: str, value: Any, origin: str) -> None:
        """Set one of our keys, unless the YAML sets it to something else than its default."""
        if self.options.get(name, self.known[name].default) not in (self.known[name].default, value):
            self.say(f"{origin} is left aside, because hydra.sweeper.{name} is set.")
            return
        self.options[name] = value
        self.say(f"{origin} is read as hydra.sweeper.{name}={value}.")

    def give_params(self, params: Mapping[str, Any], origin: str) -> None:
        """Parameters that hydra.sweeper.params does not declare itself."""
        if params:
            self.options["params"] = {**params, **(self.options.get("params") or {})}
            self.say(f"{origin} is read as hydra.sweeper.params.")

    def minimise_unless_told(self, sweeper: str) -> None:
        """The other sweepers minimise where nothing is said, and this one maximises."""
        if self.options.get("direction") is None and self.options.get("target") is None:
            self.give("direction", "minimize", f"No direction, which {sweeper} takes for minimize,")

    def say(self, sentence: str) -> None:
        self.remarks.append(sentence)
