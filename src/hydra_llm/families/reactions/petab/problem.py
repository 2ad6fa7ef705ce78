"""A PEtab version 1 problem: the YAML file and the tables it names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from hydra_llm.families.reactions.errors import ModelError, NotSupported
from hydra_llm.families.reactions.petab.parameters import PetabParameter, parameter_of
from hydra_llm.families.reactions.petab.tables import Row, choice_of, is_missing, required_number, rows_of
from hydra_llm.families.reactions.sbml.document import network_of
from hydra_llm.families.reactions.sbml.network import KineticNetwork

Read = Callable[[str], str]
TABLES = ("condition_files", "measurement_files", "observable_files")
TRANSFORMATIONS = ("lin", "log", "log10")
DISTRIBUTIONS = ("normal", "laplace")


@dataclass(frozen=True)
class Observable:
    """formula, noise: texts. transformation: of measurement and formula before they are compared."""

    id: str
    formula: str
    noise: str
    transformation: str
    distribution: str


@dataclass(frozen=True)
class Measurement:
    """preequilibration: id of a condition, or None. overrides: cells that replace placeholders in both formulas."""

    observable: str
    preequilibration: str | None
    condition: str
    time: float
    value: float
    observable_overrides: tuple[str, ...]
    noise_overrides: tuple[str, ...]


@dataclass(frozen=True)
class PetabProblem:
    """conditions: id -> column -> cell, as text; a missing cell is left out."""

    name: str
    network: KineticNetwork
    parameters: tuple[PetabParameter, ...]
    conditions: Mapping[str, Mapping[str, str]]
    observables: tuple[Observable, ...]
    measurements: tuple[Measurement, ...]

    @cached_property
    def estimated(self) -> tuple[PetabParameter, ...]:
        return tuple(one for one in self.parameters if one.estimate)


@dataclass(frozen=True)
class ProblemFiles:
    """The text of every file of a problem, so that it can be read again without them. yaml: name of the YAML file."""

    yaml: str
    texts: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> "ProblemFiles":
        """Raises ModelError for a file that is missing."""

        def text(name: str) -> str:
            try:
                return (path.parent / name).read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ModelError(f"{path.parent / name} cannot be read: {error}.") from error

        content = text(path.name)
        names = _Names.of(content, path.name)
        return cls(path.name, {path.name: content, **{name: text(name) for name in names.all()}})

    def problem(self) -> PetabProblem:
        """Raises ModelError, NotSupported."""
        return _problem(self.yaml, self.texts)

    def without_nominal_values(self) -> "ProblemFiles":
        """The same without the values that the tables give to estimated parameters."""
        names = _Names.of(self.texts[self.yaml], self.yaml)
        return ProblemFiles(
            self.yaml,
            {**self.texts, **{name: _blanked(self.texts[name]) for name in names.parameter_files}},
        )


@dataclass(frozen=True)
class _Names:
    """The files that a YAML file names."""

    sbml: str
    parameter_files: tuple[str, ...]
    condition_files: tuple[str, ...]
    measurement_files: tuple[str, ...]
    observable_files: tuple[str, ...]

    @classmethod
    def of(cls, text: str, file: str) -> "_Names":
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ModelError(f"{file} is not YAML: {' '.join(str(error).split())}.") from error
        if not isinstance(content, dict) or "format_version" not in content:
            raise ModelError(f"{file} is not the YAML file of a PEtab problem: it has no format_version.")
        version = str(content["format_version"])
        if version.split(".")[0] != "1":
            raise NotSupported(f"PEtab version {version}", f"{file} is of PEtab version {version}; version 1 is read.")
        problems = content.get("problems")
        if not isinstance(problems, list) or len(problems) != 1:
            raise NotSupported("several problems in one file", f"{file} must hold one problem under `problems`.")
        problem = problems[0]
        models = _listed(problem.get("sbml_files"))
        if len(models) != 1:
            raise NotSupported("several models", f"{file} must name one SBML file, got {len(models)}.")
        parameters = tuple(_listed(content.get("parameter_file")))
        tables = [tuple(_listed(problem.get(key))) for key in TABLES]
        for key, found in zip(("parameter_file", *TABLES), (parameters, *tables), strict=True):
            if not found:
                raise ModelError(f"{file} must name {key}.")
        return cls(models[0], parameters, *tables)

    def all(self) -> list[str]:
        tables = (*self.parameter_files, *self.condition_files, *self.measurement_files, *self.observable_files)
        return [self.sbml, *tables]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _blanked(text: str) -> str:
    lines = text.splitlines()
    header = [name.strip() for name in lines[0].split("\t")]
    if "nominalValue" not in header or "estimate" not in header:
        return text
    at, estimated = header.index("nominalValue"), header.index("estimate")
    kept = [lines[0]]
    for line in lines[1:]:
        cells = line.split("\t")
        if len(cells) > max(at, estimated) and cells[estimated].strip() in ("1", "1.0"):
            cells[at] = ""
        kept.append("\t".join(cells))
    return "\n".join(kept) + "\n"


def _problem(file: str, texts: Mapping[str, str]) -> PetabProblem:
    names = _Names.of(texts[file], file)
    network = network_of(texts[names.sbml], names.sbml)

    def table(files: tuple[str, ...], required: tuple[str, ...]) -> list[Row]:
        return [row for name in files for row in rows_of(texts[name], name, required)]

    parameters = tuple(parameter_of(row) for row in table(names.parameter_files, ("parameterId", "estimate")))
    conditions = {
        row["conditionId"]: {
            column: cell
            for column, cell in row.items()
            if column not in ("conditionId", "conditionName") and not is_missing(cell)
        }
        for row in table(names.condition_files, ("conditionId",))
    }
    observables = tuple(
        _observable(row) for row in table(names.observable_files, ("observableId", "observableFormula", "noiseFormula"))
    )
    required = ("observableId", "simulationConditionId", "measurement", "time")
    measurements = tuple(_measurement(row) for row in table(names.measurement_files, required))
    problem = PetabProblem(Path(file).stem, network, parameters, conditions, observables, measurements)
    _check(problem)
    return problem


def _observable(row: Row) -> Observable:
    place = f"Observable {row['observableId']}"
    return Observable(
        row["observableId"],
        row["observableFormula"],
        row["noiseFormula"],
        choice_of(row, "observableTransformation", "lin", TRANSFORMATIONS, place),
        choice_of(row, "noiseDistribution", "normal", DISTRIBUTIONS, place),
    )


def _measurement(row: Row) -> Measurement:
    place = f"A measurement of {row['observableId']}"
    before = row.get("preequilibrationConditionId", "")

    def overrides(column: str) -> tuple[str, ...]:
        cell = row.get(column, "")
        return () if is_missing(cell) else tuple(part.strip() for part in cell.split(";"))

    return Measurement(
        row["observableId"],
        None if is_missing(before) else before,
        row["simulationConditionId"],
        required_number(row, "time", place),
        required_number(row, "measurement", place),
        overrides("observableParameters"),
        overrides("noiseParameters"),
    )


def _check(problem: PetabProblem) -> None:
    """Names that no table defines."""
    observables = {one.id for one in problem.observables}
    for one in problem.measurements:
        if one.observable not in observables:
            raise ModelError(f"A measurement names the observable {one.observable}, which no table defines.")
        for condition in (one.condition, one.preequilibration):
            if condition is not None and condition not in problem.conditions:
                raise ModelError(f"A measurement names the condition {condition}, which no table defines.")
        if one.time < 0:
            raise ModelError(f"A measurement of {one.observable} is at time {one.time:g}; time begins at 0.")
    if not problem.estimated:
        raise ModelError(f"{problem.name} estimates no parameter: estimate is 0 for all of them.")
    for parameter in problem.parameters:
        if parameter.id in problem.network.rules:
            raise NotSupported(
                "a parameter that an assignment rule gives",
                f"The parameter table gives {parameter.id} a value, and an assignment rule of the model does so too.",
            )
