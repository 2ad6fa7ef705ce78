"""Registration of the sweeper's configuration. Every default of the sweeper lives here and nowhere else.

Hydra imports this module in every application of the environment: it stays thin.
"""

from dataclasses import dataclass, field
from typing import Any  # OmegaConf reads these annotations

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from hydra_llm.llm.settings import LlmSettings


@dataclass
class StopConf:
    """When the search ends before its trials are used up; null switches a rule off."""

    max_hours: float | None = None  # wall time of one session, in hours; makes a sweep irreproducible
    patience: int | None = None  # trials without a better configuration
    target_value: float | None = None  # of the metric, in its own unit


@dataclass
class ConfirmConf:
    """At the end, best and baseline run again on fresh seeds; null: as the application's search.confirm says."""

    n_seeds: int | None = None
    budgets: list[str] | None = None  # search (with the application's trial_overrides), full (without)


@dataclass
class LlmUcbSweeperConf:
    """`hydra/sweeper=llm_ucb`. A key that is null here falls back to the application's `search` node, where it has
    one.
    """

    defaults: list[Any] = field(default_factory=lambda: [{"llm": "openai"}, {"stop": "budget"}])
    _target_: str = "hydra_plugins.hydra_llm_ucb_sweeper.llm_ucb_sweeper.LlmUcbSweeper"

    # ---- what is searched ----
    mode: str = "search"  # search | grid (cartesian product of the command line, as the basic sweeper)
    params: dict[str, Any] | None = None  # Hydra's sweep grammar, or dicts {type, low, high, log, choices, ...}
    block_params: dict[str, Any] | None = None  # move between blocks only
    metric: str | None = None  # name in the returned dict, "a/b" for nested ones
    direction: str | None = None  # maximize | minimize | target
    target: float | None = None  # best value, for direction=target

    # ---- how ----
    proposer: str = "auto"  # auto | llm | rules | random
    selection: str = "puct_rank"  # puct_rank | ucb1 | ucb1_shifted | puct_reference | greedy | random
    ucb_c: float | None = None  # exploration weight; null: the one that belongs to the selection rule
    start: str = "diverse"  # first batch of several slots: diverse | baselines
    seed: int = 0  # of the search, not of the task
    seed_keys: list[str] | None = None  # keys of the task's own seeds; reruns vary them

    # ---- how much ----
    n_trials: int = 24  # total over all sessions of the sweep
    n_iter_block: int | None = None  # trials per block; null: one block
    n_parallel: int = 1  # slots
    dispatch: str = "auto"  # auto | batch
    max_batch_size: int | None = None  # mode=grid: jobs per launch; null: all at once
    confirm: ConfirmConf = field(default_factory=ConfirmConf)

    # ---- failures and resume ----
    resume: str = "auto"  # auto | must | never
    max_failure_rate: float = 0.5  # share of n_trials that may fail
    fail_fast: int = 5  # identical failures in a row that end the sweep; 0: off
    max_infra_retries: int = 2  # launches more for a job that left no result
    job_timeout_s: float | None = None  # per job, in seconds

    # ---- groups ----
    llm: Any = MISSING
    stop: Any = MISSING


def register() -> None:
    store = ConfigStore.instance().store
    provider = "llm_ucb_sweeper"
    store(group="hydra/sweeper", name="llm_ucb", node=LlmUcbSweeperConf, provider=provider)
    for client in ("openai", "command", "scripted"):
        store(group="hydra/sweeper/llm", name=client, node=LlmSettings(client=client), provider=provider)
    store(group="hydra/sweeper/stop", name="budget", node=StopConf, provider=provider)


register()
