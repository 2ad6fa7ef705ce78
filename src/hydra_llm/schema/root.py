"""The top level of the configuration, and the groups around the science."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from hydra_llm.schema.fields import key


@dataclass
class Trainer:
    """conf/trainer: where a fit runs, and how much it prints. Other arguments of lightning.Trainer may be added."""

    accelerator: str = key("auto", help="accelerator as Lightning names it: auto, cpu, gpu")
    threads: int | None = key(
        None, help="CPU threads of torch; null: one for up to 1,000 units, otherwise torch decides", low=1
    )
    progress: str = key(
        "auto",
        help="progress bars: auto shows them in a terminal, and how the fit goes as lines of the log elsewhere",
        choices=("auto", "on", "off"),
    )


@dataclass
class Callbacks:
    """conf/callbacks: what is written besides metrics."""

    figures: bool = key(True, help="draw the figures of a run")
    checkpoint: bool = key(True, help="keep the best checkpoint in the run folder")
    resume_every: float | None = key(
        30.0,
        help="least time between the states of a fit that the same command goes on from in the same hydra.run.dir, "
        "once it was cut off; null: none is written",
        unit="s",
        low=0,
    )


@dataclass
class Paths:
    """conf/paths: where files are."""

    datasets: str = key("outputs/datasets", help="simulated recordings, shared by all runs")


STRATEGY = {  # search.code of train.py
    "key": "training.strategy.source",
    "interface_test": "hydra_llm.training.strategy_check.check_strategy",
}


@dataclass
class Search:
    """conf/search: what `hydra/sweeper=llm_ucb` searches. Only the sweeper reads it."""

    metric: str | None = key(None, help="name of the metric to search on")
    direction: str = key("maximize", help="what counts as better", choices=("maximize", "minimize", "target"))
    target: float | None = key(None, help="the value to reach, for direction=target")
    params: dict[str, Any] = field(default_factory=dict)  # Hydra's sweep grammar
    block_params: dict[str, Any] = field(default_factory=dict)  # move between blocks only
    slot_params: dict[str, Any] = key({}, help="key: a list with one value per slot, which the slot keeps")
    fresh_seeds: bool = key(False, help="whether every run draws its own seeds, so that no two runs share data")
    start: str | None = key(None, help="first batch of several slots", choices=("diverse", "baselines"))
    trial_overrides: list[str] = field(default_factory=list)  # the search budget: a shorter fit
    instructions: str | None = key(None, help="name of the protocol in instructions/")
    start_memory: str | None = key(None, help="a written memory to start from: a name in instructions/, or a path")
    confirm: dict[str, Any] = field(default_factory=dict)  # n_seeds, budgets
    seed_keys: list[str] = field(default_factory=list)  # what a replicate varies
    thresholds: dict[str, float] = field(default_factory=dict)  # converged, failed, perfect: values of the metric
    collapse: dict[str, Any] = key(
        {}, help="metrics of a dead regime, whose block ends early (hydra_llm.search.collapse)"
    )
    meaning: dict[str, Any] = key({}, help="metrics that coded rules read (hydra_llm.search.meaning)")
    focus: list[Any] = key([], help="triggers: what to try when metrics meet a condition (hydra_llm.search.triggers)")
    show: list[str] = key([], help="returned numbers that a language model is shown beside the metric, in order")
    tell: list[str] = key([], help="keys or nodes of the configuration whose values a language model is told")
    description: str | None = key(None, help="what the program does, for a language model")
    ceiling: float | None = key(None, help="best value of the metric; near it differences are shares of the distance")
    seeds_move: str = key("both", help="what the seed keys draw anew", choices=("data", "training", "both"))
    code: dict[str, Any] = key(STRATEGY, help="the file of code that a sweep may change: path, key, interface_test")
    locked: dict[str, str] = field(default_factory=dict)  # keys that no proposal may move, with the reason


@dataclass
class Config:
    """The top level of the configuration."""

    seed: int = key(0, help="seed of data and training together; simulation.seed and training.seed separate them")
    return_metric: str | None = key(None, help="return this metric as a float instead of all metrics as a dict")
    simulation: Any = MISSING
    model: Any = MISSING
    training: Any = MISSING
    trainer: Any = MISSING
    logger: Any = MISSING
    callbacks: Any = MISSING
    paths: Any = MISSING
    search: Any = MISSING
