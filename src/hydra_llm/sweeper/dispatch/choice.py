"""Which dispatch serves a sweep: by the key `dispatch`, the number of slots and the launcher."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hydra.core.utils import configure_log
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from hydra_llm.sweeper.dispatch.array import ArrayDispatch
from hydra_llm.sweeper.dispatch.base import Dispatch
from hydra_llm.sweeper.dispatch.batch import BatchDispatch
from hydra_llm.sweeper.dispatch.fork import ForkDispatch
from hydra_llm.sweeper.dispatch.ray_start import start_ray
from hydra_llm.sweeper.dispatch.reader import Reader
from hydra_llm.sweeper.dispatch.signals import Interruptible
from hydra_llm.sweeper.dispatch.thread import ThreadDispatch
from hydra_llm.sweeper.dispatch.watch import SchedulerWatch
from hydra_llm.sweeper.errors import SweepError

REMOTE = ("submitit", "ray", "rq")  # launchers whose jobs run in processes that the sweeper does not own
LOCAL = ("basic", "joblib")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

MakeLauncher = Callable[[DictConfig], Launcher]


def launcher_kind(config: DictConfig) -> str:
    """basic, joblib, submitit, ray, rq; the launcher's own name when it is none of them."""
    target = str(OmegaConf.select(config, "hydra.launcher._target_", default="")).lower()
    known = [kind for kind in (*REMOTE, *LOCAL) if any(kind in part.split("_") for part in target.split("."))]
    return known[0] if known else target.rpartition(".")[2]


def choose(wanted: str, n_slots: int, kind: str, hindrance: str) -> tuple[str, str]:
    """(batch, thread or fork; a sentence of warning, "" without one); `hindrance` as `fork_hindrance` says it.

    Raises SweepError for what cannot work.
    """
    if wanted == "thread" and kind == "basic":
        raise SweepError(
            "dispatch=thread is unsafe with the basic launcher: its jobs would share one HydraConfig, one working "
            "directory and one environment. Choose fork, or another launcher."
        )
    if wanted == "fork" and hindrance:
        raise SweepError(f"dispatch=fork is not possible here: {hindrance}. Choose batch, or a launcher like submitit.")
    if wanted != "auto":
        return wanted, ""
    if kind in LOCAL and not hindrance:
        return "fork", ""  # one slot too: a job that is killed must not take the sweeper along
    if n_slots == 1:
        return "batch", ""
    if kind in REMOTE:
        return "thread", ""
    if kind == "basic":
        return "batch", f"The {n_slots} slots of the basic launcher run one after the other, because {hindrance}."
    reason = hindrance if kind in LOCAL else f"nothing is known about the launcher {kind}"
    return "batch", f"Slots wait for each other ({reason}); hydra.sweeper.dispatch chooses otherwise."


def make_dispatch(
    options: Mapping[str, Any],
    config: DictConfig,
    launcher: Launcher,
    make: MakeLauncher,
    reader: Reader,
    mode: str,
    signals: Interruptible,
) -> Dispatch:
    """Build it before any thread exists: fork dispatch forks here."""
    n_slots, limit = options["n_parallel"], options["job_timeout_s"]
    kind = launcher_kind(config)
    if mode == "thread" or (mode == "batch" and kind in REMOTE):
        remote = ThreadDispatch if mode == "thread" else ArrayDispatch
        watch = SchedulerWatch(reader) if kind == "submitit" else None
        if kind == "ray":
            start_ray(config)
        return remote(lambda: make(config), reader, n_slots, limit_s=limit, watch=watch)
    if mode == "fork":
        own = make(for_one_job(config))
        environment = thread_environment(n_slots, usable_cores()) if n_slots > 1 else {}
        return ForkDispatch(own, reader, n_slots, environment=environment, limit_s=limit)
    restore_log = partial(configure_log, config.hydra.hydra_logging, config.hydra.verbose)
    return BatchDispatch(launcher, reader, n_slots, signals=signals, restore_log=restore_log)


def for_one_job(config: DictConfig) -> DictConfig:
    """The configuration of a driver's launcher: joblib need not keep a pool of its own for one job at a time."""
    if launcher_kind(config) != "joblib":
        return config
    own = config.copy()
    OmegaConf.update(own, "hydra.launcher.n_jobs", 1)
    return own


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_environment(n_slots: int, cores: int) -> dict[str, str]:
    """Threads for the numeric libraries of one slot: the cores, shared out. What the user has set stays."""
    share = str(max(1, cores // n_slots))
    return {name: os.environ.get(name, share) for name in THREAD_VARIABLES}


def gpu_override(slot: int, gpu_slots: Sequence[Any]) -> list[str]:
    """The override that shows a job the devices of its slot and no others; fewer devices than slots are shared."""
    if not gpu_slots:
        return []
    return [f"++hydra.job.env_set.CUDA_VISIBLE_DEVICES='{gpu_slots[slot % len(gpu_slots)]}'"]


def fork_hindrance() -> str:
    """Why drivers cannot be forked from this process, "" when they can."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return "this system does not fork safely"
    if threading.active_count() > 1:
        return "this process has several threads already"
    if sys.gettrace() is not None and "pdb" in sys.modules:
        return "a debugger is at work in this process"
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "this process uses CUDA already"
    return ""
