"""Sweeps for tests of the report, written by the study itself: blocks, failures, reruns, a scientist who comments."""

import itertools
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search.context import Context, Thresholds
from hydra_llm.search.log.reader import Sweep, read_sweep
from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.notes import EditWish, Notes, Remark
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Confirmation, Settings
from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.objectives import Objectives
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.provenance import Provenance
from hydra_llm.search.trial.reasoning import ReasoningMode
from hydra_llm.search.trial.trial import Prediction, Proposal, Trial, TrialError, TrialState

SPACE = Space(
    (
        Float(name="training.lr", low=1e-4, high=1.0, log=True, default=0.3, unit="1/step", help="step size"),
        Integer(name="model.depth", low=1, high=20, default=2, help="layers"),
        Categorical(name="model.net", choices=("gnn", "mlp", "linear"), default="linear"),
        Float(name="training.coeff_W_L1", low=1e-7, high=1e-2, log=True, default=1e-5),
    )
)
BLOCKS = Space(
    (
        Categorical(name="simulation.n_neurons", choices=(100, 200, 400), default=100, ordered=True),
        Categorical(name="simulation.connectivity_type", choices=("chaotic", "low_rank"), default="chaotic"),
    )
)
TEXTS = {
    ReasoningMode.INDUCTION: "connectivity_R2 scales with depth up to 7 layers in three trials",
    ReasoningMode.ABDUCTION: "likely because the step is too large for the stiff directions",
    ReasoningMode.DEDUCTION: "the principle implies that a smaller step should help at depth 9",
    ReasoningMode.FALSIFICATION: "rejected: the linear net does not reach 0.9 at any step",
    ReasoningMode.ANALOGY: "based on block 1, the same learning rate transfers",
    ReasoningMode.BOUNDARY: "limit: beyond lr 0.5 the fit diverges",
    ReasoningMode.META: "the search is stuck in one dimension, switch to another",
    ReasoningMode.UNCERTAINTY: "not reproducible: the spread over seeds is as large as the gain",
    ReasoningMode.CAUSAL: "a larger step leads to oscillation, which in turn inflates the weights",
    ReasoningMode.CONSTRAINT: "since lr 0.8 failed, larger steps are excluded",
    ReasoningMode.REGIME: "a phase transition: at 400 neurons the dynamics turn chaotic",
    ReasoningMode.PREDICTION: "expected R2 0.93 at depth 8",
}
HOSTILE = "</script><img src=x onerror=alert(1)>\"'`${1+1}{{7*7}}<svg/onload=alert(2)> & <b>bold</b>\u2028"


class Scientist(Proposer):
    """The coded rules, with words: a hypothesis and an interval per trial, observations, memory edits."""

    name = "llm"

    def __init__(self, hostile: str = "") -> None:
        self._rules = RulesProposer()
        self._random = random.Random(0)
        self._hostile = hostile
        self._asked = 0

    @property
    def spent(self) -> TotalUsage:
        """As if each question took 1200 tokens and each answer 300."""
        n = self._asked
        return TotalUsage(calls=n, prompt_tokens=1200 * n, completion_tokens=300 * n, cost=0.002 * n)

    def propose(self, context: Context) -> Decision:
        self._asked += 1
        proposals = tuple(self._worded(p, context) for p in self._rules.propose(context))
        return Decision(proposals, self._notes(context))

    def _worded(self, proposal: Proposal, context: Context) -> Proposal:
        parent = context.tree.node(proposal.parent) if proposal.parent is not None else None
        guess = 0.6 if parent is None or parent.mean is None else context.objective.value_of_score(parent.mean)
        half = self._random.uniform(0.02, 0.15)
        text = (
            f"should move the metric{self._hostile} (predicted {context.objective.name} "
            f"{guess - half:.4g}..{guess + half:.4g}; refuted if below {guess - 2 * half:.4g})"
        )
        statement = f"should move the metric{self._hostile}"
        prediction = Prediction(guess - half, guess + half, statement, f"below {guess - 2 * half:.4g}")
        return replace(
            proposal,
            hypothesis=text,
            provenance=Provenance("llm"),
            note=f"a reason{self._hostile}",
            prediction=prediction,
        )

    def _notes(self, context: Context) -> Notes:
        done = [t for t in context.trials if t.state.is_finished][-2:]
        observations = {}
        for trial in done:
            mode = self._random.choice(list(ReasoningMode))
            told = mode if self._random.random() < 0.8 else self._random.choice(list(ReasoningMode))
            confidence = round(self._random.uniform(0.4, 0.95), 2)
            observations[trial.number] = Remark(TEXTS[mode] + self._hostile, told, confidence)
        edits = []
        if done and self._random.random() < 0.25:
            number = done[0].number
            edits.append(
                EditWish(
                    action="add",
                    section=self._random.choice(["established", "tentative", "falsified", "open question"]),
                    entry=None,
                    text=f"Finding {number}: depth {done[0].values['model.depth']} is better{self._hostile}",
                    trials=(number,),
                )
            )
        return Notes(observations, tuple(edits))


def task(trial: Trial, study: Study) -> Outcome:
    """Best near lr = 10^-2.2, depth 7, net gnn; a large step fails, the noise depends on the seeds alone."""
    v, clock = trial.values, study.clock()
    rng = random.Random(f"{trial.seeds}{trial.number % 3}")
    times: dict[str, Any] = {"started": clock, "ended": clock + rng.uniform(20.0, 90.0), "folder": str(trial.number)}
    if v["training.lr"] > 0.5 or rng.random() < 0.03:
        kind = TrialState.FAILED if rng.random() < 0.7 else TrialState.TIMEOUT
        trace = "Traceback (most recent call last):\n  File 'fit.py', line 3\nFloatingPointError: loss is nan"
        return Outcome(kind, error=TrialError("FloatingPointError", "loss is nan at step 17", trace), **times)
    value = 0.97 - 0.08 * (math.log10(v["training.lr"]) + 2.2) ** 2 - 0.015 * abs(v["model.depth"] - 7)
    value -= {"gnn": 0.0, "mlp": 0.07, "linear": 0.2}[v["model.net"]]
    value += rng.gauss(0.0, 0.015)
    metrics = {
        "connectivity_R2": value,
        "test_R2": value - 0.02,
        "cluster_accuracy": min(1.0, value + 0.02),
        "training_time_min": rng.uniform(0.3, 1.5),
    }
    return Outcome(TrialState.COMPLETED, value=value, metrics=metrics, **times)


def settings(n_trials: int, **more: Any) -> Settings:
    given = {
        "space": SPACE,
        "objective": Objective("connectivity_R2"),
        "n_trials": n_trials,
        "n_parallel": 2,
        "seed": 0,
        "seed_keys": ("seed",),
        "thresholds": Thresholds(),
        "task": "train",
        "identity": {"task": "train", "fixed": [], "trial_overrides": []},
    }
    return Settings(**{**given, **more})


def long_sweep(folder: Path, n_trials: int = 200, n_iter_block: int = 50, hostile: str = "", **more: Any) -> Study:
    """A finished sweep with several blocks and a confirmation."""
    wanted = settings(
        n_trials,
        n_iter_block=n_iter_block,
        block_space=BLOCKS if n_iter_block else None,
        confirmation=Confirmation(3, ("search", "full")),
        **more,
    )
    ticks = itertools.count(1_700_000_000.0, 10.0)
    study = Study(
        folder,
        wanted,
        make_policy("puct_rank", None),
        Scientist(hostile),
        argv=["train.py", "-m", f"note={hostile}"],
        protocol=f"# Protocol{hostile}\nExplore, then exploit.\n",
        clock=lambda: next(ticks),
    )
    finish(study)
    return study


def finish(study: Study, trials: int | None = None) -> None:
    """Ask and tell until the sweep is over, or until so many trials were told."""
    told = 0
    while not study.is_over and (trials is None or told < trials):
        for trial in study.launched(study.ask(study.settings.n_parallel)):
            study.tell(trial.number, task(trial, study))
            told += 1
    if study.is_over:
        study.close(study.search_over)


PLANE = Space(tuple(Float(name=name, low=0.0, high=1.0, default=0.5) for name in "ab"))


def swept_to_a_front(folder: Path, *names: str) -> Sweep:
    """Twelve trials; the fourth has no value."""
    objectives = Objectives(("minimize", "maximize", "minimize")[: len(names)], names)
    wanted = Settings(PLANE, objectives.scalar, 12, 1, 0, objectives=objectives, task="toy")
    study = Study(folder, wanted, make_policy("puct_rank", None), make_proposer("random", {}), argv=["t"])
    while not study.is_over:
        for trial in study.launched(study.ask(1)):
            a, b = trial.values["a"], trial.values["b"]
            results = (a + 0.1 * b, a - b**2, (a - b) ** 2)[: len(names)]
            study.tell(trial.number, ValueError("diverged") if trial.number == 3 else results)
    study.close("done")
    return read_sweep(folder)
