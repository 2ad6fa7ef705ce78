"""Which lines the log of a family has: data beside its protocol, `instructions/<name>_log.yaml`.

    entry: [Node, Mode/Strategy, {name: Config, values: {lr: training.lr}}, Mutation, ...]
    summary: {simulation: {length: data.length}, best: [accuracy], optimum: {lr: ...}}
    regime: {rank: data_rank}
    variance: {acc: accuracy}

An item of `entry` is the name of a line that the log knows (KNOWN), or a line of the family's own, which takes one of:
`values` (label -> parameter, fixed ones included), `metrics` (label -> metric, or a list of metrics; one that ends in *
stands for all that begin so), `text` (with {metric} or {parameter} in it), `variance` (metrics whose spread over the
runs of the configuration is told), `told` (the proposer writes the line; the text is the hint that it gets; with
`by_sight: true` it is asked for only where figures are sent). A line whose numbers are all missing is left out, a line
that was not told says so. `variance` at the top: metrics (label -> metric, or a list) that the table of variance has
beside the metric of the search. An application without such a file gets GENERIC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from hydra_llm.llm.instructions import instruction_path

SUFFIX = "_log.yaml"
KNOWN = (
    *("Node", "Mode/Strategy", "Slot", "Config", "Metrics", "Error", "Mutation", "Parent rule", "Hypothesis"),
    *("Prediction", "Pool", "Degeneracy", "Variance update", "Observation", "Next"),
)
PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w./]*)\}")


class FormatError(ValueError):
    """A log format that cannot be read; the message is a sentence that names the file."""


def labelled(given: object) -> object:
    """A list of metrics as label -> metric, each its own label; anything else as it is."""
    return {str(name): str(name) for name in given} if isinstance(given, list) else given


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogLine(_Part):
    """A line of a family's own."""

    name: str
    values: dict[str, str] = {}
    metrics: dict[str, str] = {}
    text: str = ""
    variance: tuple[str, ...] = ()
    told: str = ""
    by_sight: bool = False

    @field_validator("metrics", mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return labelled(given)

    @model_validator(mode="after")
    def _one_kind(self) -> LogLine:
        given = [kind for kind in ("values", "metrics", "text", "variance", "told") if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(
                f"the line {self.name} must have one of values, metrics, text, variance, told, got {given}"
            )
        return self


class Summary(_Part):
    """What the summary of a block names: `simulation` and `optimum` label -> parameter, `best` metrics of the best
    trial.
    """

    simulation: dict[str, str] = {}
    best: tuple[str, ...] = ()
    optimum: dict[str, str] = {}


class Format(_Part):
    entry: tuple[str | LogLine, ...] = KNOWN[:2] + KNOWN[3:10] + KNOWN[11:]
    summary: Summary = Summary()
    regime: dict[str, str] = {}  # label -> metric, columns of the memory's table of regimes
    variance: dict[str, str] = {}  # label -> metric, columns of the table of variance

    @field_validator("variance", mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return labelled(given)

    @field_validator("entry")
    @classmethod
    def _known(cls, items: tuple[str | LogLine, ...]) -> tuple[str | LogLine, ...]:
        unknown = [item for item in items if isinstance(item, str) and item not in KNOWN]
        if unknown:
            raise ValueError(f"a line must be one of {', '.join(KNOWN)}, got {unknown[0]}")
        return items

    @property
    def told(self) -> dict[str, str]:
        """Lines that the proposer writes, with their hints."""
        return {item.name: item.told for item in self.entry if isinstance(item, LogLine) and item.told}

    @property
    def by_sight(self) -> frozenset[str]:
        """Those of them that say what a figure shows."""
        return frozenset(item.name for item in self.entry if isinstance(item, LogLine) and item.by_sight)

    @property
    def parameters(self) -> frozenset[str]:
        """Every key of the configuration that a line may show."""
        found = [*self.summary.simulation.values(), *self.summary.optimum.values()]
        for item in self.entry:
            if isinstance(item, LogLine):
                found += [*item.values.values(), *(name for name in placeholders(item.text) if "." in name)]
        return frozenset(found)


GENERIC = Format()


def placeholders(text: str) -> Iterator[str]:
    return (match.group(1) for match in PLACEHOLDER.finditer(text))


def log_format(instructions: str) -> Format:
    """The format that belongs to a protocol, by the protocol's name or absolute path; GENERIC where it has none."""
    if not instructions:
        return GENERIC
    protocol = instruction_path(instructions)
    path = protocol.with_name(protocol.stem + SUFFIX)
    return read_format(path) if path.is_file() else GENERIC


def read_format(path: Path) -> Format:
    """Raises FormatError with a sentence."""
    try:
        return Format.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, yaml.YAMLError) as error:
        raise FormatError(f"The log format {path} cannot be read: {error}") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        told = next((item for item in found if item["type"] == "value_error"), found[0])
        place = ".".join(str(part) for part in told["loc"] if part not in ("str", "LogLine"))
        raise FormatError(
            f"The log format {path} is wrong at {place or 'its top'}: {told['msg'].removeprefix('Value error, ')}."
        ) from None
