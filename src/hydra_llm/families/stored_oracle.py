"""What an oracle found belongs to the recording: computed once, kept beside it, shared by all runs on that recording.

<dataset>/oracle_reports/<address>.npz, where the address is a hash of what the report depends on beside the recording:
the keys of the fit that Family.oracle_keys names, and the code. It is made from the truth; no fit opens it.
"""

import hashlib
import inspect
import json
import logging
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.fingerprint import source_hash
from hydra_llm.data.locks import locked
from hydra_llm.data.results import read_result, write_result
from hydra_llm.dataset_names import LOCKS, ORACLE_REPORTS
from hydra_llm.families.evaluation import OracleReport
from hydra_llm.families.family import Evaluator, Family

log = logging.getLogger(__name__)

_SOURCES = ("data", "estimation", "identifiability", "metrics", "systems")  # what an oracle is computed with


def oracle_of(dataset: Dataset, evaluator: Evaluator, family: Family, training: DictConfig) -> OracleReport[Any]:
    """The report of the evaluator's oracle, read if it was computed before, else computed and stored.

    Runs that ask at the same time wait for the first one. A family without oracle_keys computes it in every run.
    """
    if family.oracle_keys is None:
        return evaluator.oracle()
    place = dataset.path / ORACLE_REPORTS / f"{_address(family.oracle_keys, evaluator, training)}.npz"
    report = _stored(place)
    if report is not None:
        return report
    lock = dataset.path.parent / LOCKS / f"{dataset.fingerprint}-{place.stem}"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock, "Another run asks the same of these data; waiting for its answer ..."):
            return _stored(place) or _computed(place, evaluator)
    except PermissionError:  # somebody else's folder of datasets, which may be read
        return evaluator.oracle()


def _address(names: tuple[str, ...], evaluator: Evaluator, training: DictConfig) -> str:
    package, *place = type(evaluator).__module__.split(".")
    ours = package == "hydra_llm"
    content = {
        "keys": {name: training.get(name) for name in names},
        "sources": source_hash(*_SOURCES, *(["/".join(place[:2])] if ours else [])),
        "guest": None if ours else Path(inspect.getfile(type(evaluator))).read_text(encoding="utf-8"),
        "torch": torch.__version__,  # another version may round differently
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _stored(place: Path) -> OracleReport[Any] | None:
    if not place.exists():
        return None
    try:
        report = read_result(place)
    except DatasetError as error:
        log.warning("%s It is computed again.", error)
        return None
    log.info("Asked before; the answer is in %s.", place)
    return report


def _computed(place: Path, evaluator: Evaluator) -> OracleReport[Any]:
    report = evaluator.oracle()
    try:
        write_result(place, report)
    except (OSError, TypeError) as error:
        log.warning("What these data determine is not stored for other runs: %s", error)
    return report
