"""The rows that the study of homeostasis declares, each in the situation that it is for."""

from pathlib import Path

import pytest
import yaml
from search_worlds import ended
from test_strategies import chain, context_of

from hydra_llm.search.proposers.rules.triggered import speaking
from hydra_llm.search.triggers import MetricTrigger

STUDY = Path(__file__).parents[4] / "conf" / "search" / "metabolism_homeostasis.yaml"
ROWS = {row["name"]: MetricTrigger.of(row) for row in yaml.safe_load(STUDY.read_text(encoding="utf-8"))["focus"]}
NODE, EMBEDDING = "training.learning_rate_node_homeostasis", "training.learning_rate_embedding_homeostasis"
LENGTH, STRATEGY = "training.data_augmentation_loop", "training/strategy"


def spoken(trials):
    """Names of the rows that speak after these trials, each given by its metrics; slope_score is what is searched."""
    scores = [metrics.get("slope_score", 0.5) for metrics in trials]
    finished = [ended(trial, metrics=metrics) for trial, metrics in zip(chain(scores), trials, strict=True)]
    return {row.name for row in speaking(context_of(*finished, focus=tuple(ROWS.values())))}


def runs(count, **metrics):
    return [metrics] * count


def scores(*values):
    return [{"slope_score": value} for value in values]


# name, trials that call for it, trials that do not, what it moves, in its order
CASES = [
    ("lr-node-first", runs(2), runs(3), [NODE]),
    ("embedding-focus", runs(2, slope_score=0.4, embedding_cluster_acc=0.5),
     runs(2, slope_score=0.4, embedding_cluster_acc=0.9), [EMBEDDING, STRATEGY]),
    ("slope-focus", runs(1, slope_score=0.4, embedding_cluster_acc=0.95),
     runs(1, slope_score=0.4, embedding_cluster_acc=0.8), [NODE, STRATEGY]),
    ("exploit", runs(3, slope_ratio_0=0.6, slope_ratio_1=1.4), runs(3, slope_ratio_0=0.6, slope_ratio_1=1.6),
     [NODE, LENGTH, EMBEDDING]),
    ("explore", runs(4, slope_score=0.2), runs(3, slope_score=0.2), [STRATEGY, NODE]),
    ("strategy-switch", runs(3, slope_score=0.05), runs(3, slope_score=0.2), [STRATEGY]),
    ("wrong-shape", runs(1, phase2_node_magnitude=0.01, slope_score=0.05),
     runs(1, phase2_node_magnitude=0.0, slope_score=0.05), [LENGTH, STRATEGY]),
    ("keep-course", scores(0.2, 0.4), scores(0.4, 0.2), [LENGTH, NODE]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "there", "elsewhere", "moves"), CASES, ids=[case[0] for case in CASES])
def test_each_row_of_the_study_speaks_in_its_situation_and_moves_what_it_names(name, there, elsewhere, moves):
    assert name in spoken(there)
    assert name not in spoken(elsewhere)
    assert list(ROWS[name].move) == moves


def test_every_row_of_the_study_has_its_situation():
    assert [case[0] for case in CASES] == list(ROWS)
