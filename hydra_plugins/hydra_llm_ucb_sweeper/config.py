"""Registration of the sweeper's configuration. Every default of the sweeper lives here and nowhere else.

Hydra imports this module in every application of the environment. Plain mappings register in a tenth of the time that a
dataclass of this size takes; the types are checked in _options.py when a sweep starts. Keys are closed all the same:
Hydra refuses one that is not here.
"""

from typing import Any

from hydra.core.config_store import ConfigStore

# `hydra/sweeper=llm_ucb`. A key that is null falls back to the application's `search` node, where it has one.
SWEEPER: dict[str, Any] = {
    "defaults": [{"llm": "openai"}, {"stop": "budget"}, {"pruning": "none"}, "_self_"],
    "_target_": "hydra_plugins.hydra_llm_ucb_sweeper.llm_ucb_sweeper.LlmUcbSweeper",
    # ---- what is searched ----
    "mode": "search",  # search | grid (cartesian product of the command line, as the basic sweeper)
    "params": None,  # Hydra's sweep grammar, or dicts {type, low, high, log, choices, ...}
    "block_params": None,  # as params; they move between blocks only
    "constraint": None,  # package.module.function: f(values) -> True, or a sentence on what is wrong
    "metric": None,  # name in the returned dict, "a/b" for nested ones
    "direction": None,  # maximize | minimize | target
    "target": None,  # best value, for direction=target
    # ---- how ----
    "proposer": "auto",  # auto | llm | rules | random | tpe | cmaes | gp | hybrid
    "selection": "puct_rank",  # puct_rank | ucb1 | ucb1_shifted | puct_reference | greedy | random
    "ucb_c": None,  # exploration weight; null: the one that belongs to the selection rule
    "slot_params": None,  # key: one value per slot, which the slot keeps
    "start": None,  # first batch of several slots: diverse | baselines; null: the application's, else diverse
    "reward": "mean",  # over the runs of a configuration: mean | lower_confidence | min
    "seed": 0,  # of the search, not of the task
    "seed_keys": None,  # keys of the task's own seeds; reruns vary them
    # ---- how much ----
    "n_trials": 24,  # total over all sessions of the sweep
    "n_iter_block": None,  # trials per block; null: one block
    "n_parallel": 1,  # slots
    "dispatch": "auto",  # auto | batch | thread | fork
    "gpu_slots": None,  # devices by slot, e.g. [0,1]: CUDA_VISIBLE_DEVICES of its jobs
    "max_batch_size": None,  # mode=grid: jobs per launch; null: all at once
    "confirm": {"n_seeds": None, "budgets": None, "references": None},  # best and baseline once more, on fresh seeds
    "wandb_project": None,  # of the sweep's own run; null: the application's logger.wandb.project; "": none
    # ---- failures and resume ----
    "resume": "auto",  # auto | must | never
    "max_failure_rate": 0.5,  # share of n_trials that may fail
    "fail_fast": 5,  # identical failures in a row that end the sweep; 0: off
    "max_infra_retries": 2,  # launches more for a job that left no result
    "job_timeout_s": None,  # per job, in seconds
}

# When the search ends before its trials are used up; null switches a rule off.
STOP: dict[str, Any] = {
    "max_hours": None,  # wall time of one session, in hours; makes a sweep irreproducible
    "patience": None,  # trials without a better configuration
    "target_value": None,  # of the metric, in its own unit
    "max_failures": None,  # trials that may fail, as a number (max_failure_rate is a share)
    "max_llm_tokens": None,  # of prompts and answers, over all sessions with a transcript
    "max_llm_cost": None,  # the same in money; needs llm.prices
}

# When a job is told to stop (hydra_llm.job); `hydra/sweeper/pruning`: none | median | asha.
PRUNING: dict[str, Any] = {
    "rule": None,  # median | asha; null: reports are recorded, nothing is compared
    "max_minutes": None,  # training-time rule, wall clock of a job; makes a sweep irreproducible
    "warmup_steps": 0,  # reports of smaller steps are not judged
    "startup_trials": 4,  # trials that must have reached a step before it has a limit
    "first_rung": 1,  # asha: first step of comparison, then times reduction_factor again and again
    "reduction_factor": 3,  # asha: one in so many goes on
    "direction": None,  # of the reports: maximize | minimize; null: they are the metric of the search
    "keep": None,  # value of a stopped trial: last | returned | nothing; null: last, or returned under a direction
    "watch_s": 5.0,  # several slots: seconds between two looks at running jobs; null: finished ones only
}

# Keys of the language model; null: the default of hydra_llm.llm.settings.LlmSettings, where each is described.
LLM_KEYS = (
    *("model", "base_url", "api_key_env", "command", "script", "timeout_s", "max_attempts", "stream", "temperature"),
    *("seed", "max_tokens", "max_prompt_tokens", "figures", "max_repairs", "max_mutations", "on_llm_failure"),
    *("pause_s", "max_pause_s", "transcript", "prices", "max_calls", "max_total_tokens", "max_cost"),
)


def register() -> None:
    store = ConfigStore.instance().store
    provider = "llm_ucb_sweeper"
    store(group="hydra/sweeper", name="llm_ucb", node=SWEEPER, provider=provider)
    llm: dict[str, Any] = {"client": "openai", **dict.fromkeys(LLM_KEYS)}
    store(group="hydra/sweeper/llm", name="openai", node=llm, provider=provider)
    for client in ("command", "scripted"):
        node: dict[str, Any] = {"defaults": ["openai", "_self_"], "client": client}
        store(group="hydra/sweeper/llm", name=client, node=node, provider=provider)
    store(group="hydra/sweeper/stop", name="budget", node=STOP, provider=provider)
    store(group="hydra/sweeper/pruning", name="none", node=PRUNING, provider=provider)
    for rule in ("median", "asha"):
        node = {"defaults": ["none", "_self_"], "rule": rule}
        store(group="hydra/sweeper/pruning", name=rule, node=node, provider=provider)


register()
