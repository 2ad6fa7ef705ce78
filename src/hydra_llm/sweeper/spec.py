"""What a sweep is asked to do, and the overrides that Hydra gets for its trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Integer
from hydra_llm.search.trial.trial import Trial
from hydra_llm.sweeper.code_evolution import SweptCode
from hydra_llm.sweeper.job.result_recorder import ATTEMPT_VARIABLE
from hydra_llm.sweeper.quoting import encode, encode_option


@dataclass(frozen=True)
class SweepSpec:
    settings: Settings
    fixed: Mapping[str, str]  # key -> override text, for every job
    trial_overrides: Mapping[str, str]  # key -> override text, for jobs on the search budget
    groups: frozenset[str]  # keys that choose a config-group option
    sweep_dir: str
    instructions: str
    start_memory: str = ""  # the text itself
    gpu_slots: tuple[Any, ...] = ()  # devices by slot
    named_by_clock: bool = False  # the name of the sweep folder
    code: SweptCode | None = None  # of the file that the sweep may change
    references: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # role -> key -> override text

    def overrides(self, trial: Trial, block: Mapping[str, Any]) -> list[str]:
        """The task overrides of a trial; a later source replaces an earlier one of the same key."""
        merged = self._configuration(trial.values, block, short=trial.budget == "search")
        merged |= self.references.get(trial.proposal.role, {})
        merged |= {key: f"{key}={seed}" for key, seed in trial.seeds.items()}
        return list(merged.values())

    def candidate(self, values: Mapping[str, Any], block: Mapping[str, Any]) -> list[str]:
        """The overrides of a proposal, before it has a number."""
        return [*self._configuration(values, block, short=True).values(), *self.job_settings(1)]

    def shape(self, values: Mapping[str, Any], block: Mapping[str, Any]) -> str:
        """What two candidates have in common that compose alike: the same keys, and the same values of those that are
        not numeric parameters.
        """
        numeric = {d.name for d in self.settings.space.dimensions if isinstance(d, Float | Integer)}
        known = {**block, **values}
        return repr({key: type(value).__name__ if key in numeric else value for key, value in known.items()})

    def job_settings(self, attempt: int) -> list[str]:
        """Overrides for Hydra itself: the folder, which must not follow a swept key, and the attempt for the result
        recorder.
        """
        again = [f"+hydra.job.env_set.{ATTEMPT_VARIABLE}='{attempt}'"] if attempt > 1 else []
        return [f"hydra.sweep.dir={encode(self.sweep_dir)}", *again]

    def _configuration(self, values: Mapping[str, Any], block: Mapping[str, Any], *, short: bool) -> dict[str, str]:
        merged = {**(self.trial_overrides if short else {}), **self.fixed}
        for key, value in {**block, **values}.items():
            if value is None and key.startswith("+"):
                continue  # a key that the search adds and this configuration does without
            merged[key] = f"{key}={encode_option(value) if key in self.groups else encode(self._told(key, value))}"
        return merged

    def _told(self, key: str, value: Any) -> Any:
        """What the job is told: of a revision PATH@REVISION."""
        return value if self.code is None or key != self.code.key else self.code.told(str(value))
