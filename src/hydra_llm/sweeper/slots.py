"""How many trials run at the same time where `n_parallel=auto` leaves it open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_llm.sweeper.dispatch.choice import LOCAL, usable_cores
from hydra_llm.sweeper.errors import SweepError

ROUNDS = 4  # a search that asks in fewer rounds than this learns little from its own results


def n_slots(options: Mapping[str, Any], launcher_kind: str) -> int:
    """`n_parallel`; for `auto` one per entry of `gpu_slots`, else per core, and at most a quarter of `n_trials`.

    Raises SweepError for `auto` with a launcher whose jobs run on other machines.
    """
    wanted = options["n_parallel"]
    if wanted != "auto":
        return int(wanted)
    if launcher_kind not in LOCAL:
        raise SweepError(
            f"hydra.sweeper.n_parallel=auto counts the cores of this machine, and the launcher {launcher_kind} may run "
            "jobs elsewhere. Set hydra.sweeper.n_parallel to the number of jobs that may be in its queue at a time."
        )
    places = len(options["gpu_slots"] or ()) or usable_cores()
    return max(1, min(places, options["n_trials"] // ROUNDS))
