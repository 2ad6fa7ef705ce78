"""The measurements of a PEtab problem that a user brings: the target of conf/simulation/petab.yaml."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from hydra_llm.data.fingerprint import source_hash
from hydra_llm.families.reactions.config import PetabSimulation
from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.petab.problem import ProblemFiles
from hydra_llm.families.reactions.system.measurements import Measurements
from hydra_llm.schema.fields import config_of


def petab_problem(**keys: Any) -> Measurements:
    """Reads the files. Raises ModelError, NotSupported, ValueError for an unknown key."""
    config = config_of(PetabSimulation, keys)
    if config.path is None:
        raise ModelError(
            "simulation.path must name the YAML file of a PEtab problem, got none: "
            "python train.py simulation=petab simulation.path=PROBLEM.yaml (docs/reactions_from_files.md)."
        )
    files = ProblemFiles.read(Path(config.path).expanduser())
    nominal = {one.id: one.nominal for one in files.problem().estimated if math.isfinite(one.nominal)}
    return Measurements(
        name="petab",
        files=files.without_nominal_values(),
        reference=nominal,
        is_truth=False,
        address={"content": content_of(files), "readers": readers()},
    )


def content_of(files: ProblemFiles) -> str:
    return hashlib.sha256(json.dumps([files.yaml, dict(files.texts)], sort_keys=True).encode()).hexdigest()


def readers() -> str:
    """The version of what reads and stores a problem."""
    place = "families/reactions"
    return source_hash(f"{place}/sbml", f"{place}/petab", f"{place}/system")
