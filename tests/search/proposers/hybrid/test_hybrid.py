"""The hybrid proposer: every source is tried, credit follows rank, provenance is honest, resume is exact."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from search_worlds import (
    OBJECTIVE,
    SPACE,
    bowl,
    comparable,
    lose_running,
    open_study,
    run_study,
    settings,
    tree_of,
    trial,
)

from hydra_llm.llm.usage import TotalUsage
from hydra_llm.search.ask import fill
from hydra_llm.search.context import Context
from hydra_llm.search.proposers.base import Proposer, ProposerError
from hydra_llm.search.proposers.decision import Decision
from hydra_llm.search.proposers.hybrid.credit import Record, credits, order
from hydra_llm.search.proposers.hybrid.hybrid import ARMS, GUIDE, HybridProposer, source_of
from hydra_llm.search.proposers.hybrid.operators import ablate
from hydra_llm.search.proposers.numeric import tpe
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.testing.proposals import ProposerConformance
from hydra_llm.search.trial.provenance import Provenance

NOISY = settings(n_trials=40, seed_keys=("seed",), max_infra_retries=9)


class TestHybrid(ProposerConformance):
    def make(self) -> Proposer:
        return make_proposer("hybrid", {})


def run_by(number, source, value, parent=0, **values):
    made = trial(number, parent, value, **values)
    return replace(made, proposal=replace(made.proposal, provenance=Provenance(source, via="hybrid")))


def test_every_source_is_tried_and_named_in_the_provenance(tmp_path):
    trials = run_study(open_study(tmp_path, NOISY, "hybrid"))
    used = Counter(source_of(t) for t in trials if t.proposal.parent is not None)
    assert set(used) == set(ARMS)
    assert all(t.proposal.provenance.via == "hybrid" for t in trials)


@pytest.mark.parametrize("n_parallel", [1, 3])
@pytest.mark.parametrize("cut", [4, 13, 26])
def test_a_resumed_hybrid_sweep_equals_the_uninterrupted_one(tmp_path, n_parallel, cut):
    wanted = replace(NOISY, n_parallel=n_parallel, n_trials=30)
    whole = run_study(open_study(tmp_path / "whole", wanted, "hybrid"))
    run_study(open_study(tmp_path / "cut", wanted, "hybrid"), stop_after=cut)
    study = open_study(tmp_path / "cut", wanted, "hybrid")
    assert comparable(run_study(lose_running(study))) == comparable(whole)


def test_it_finds_a_better_configuration_than_chance(tmp_path):
    def best(proposer, seed):
        study = open_study(tmp_path / f"{proposer}{seed}", settings(n_trials=40, seed=seed), proposer)
        run_study(study)
        node = study.state.tree.best()
        assert node is not None
        return bowl(study.state.trials[node.id], noise=0.0)["R2"]

    assert sum(best("hybrid", s) - best("random", s) for s in range(3)) > 0


def test_credit_is_the_share_of_earlier_trials_beaten_and_failures_earn_nothing():
    runs = [
        trial(0, None, 0.5),
        run_by(1, "tpe", 0.9, lr=0.1),
        run_by(2, "perturb", 0.1, lr=0.2),
        run_by(3, "tpe", 0.8, lr=0.4),
        run_by(4, "perturb", None, lr=0.5),
    ]
    records = credits([(source_of(t), t) for t in runs], OBJECTIVE)
    assert records["tpe"] == Record(2, 1.0 + 2 / 3)
    assert records["perturb"] == Record(2, 0.0)


def test_credit_does_not_depend_on_scale_and_shift_of_the_metric():
    rng = random.Random(0)
    values = [rng.random() for _ in range(30)]

    def records(scale):
        runs = [run_by(n, ARMS[n % 3 + 1], scale * v + 7, depth=1 + n % 20) for n, v in enumerate(values)]
        return credits([(source_of(t), t) for t in runs], OBJECTIVE)

    assert records(1.0) == records(1000.0)


def test_a_rerun_earns_what_it_taught():
    base = [trial(0, None, 0.5), trial(1, 0, 0.9, lr=0.1), trial(2, 0, 0.7, lr=0.2)]

    def earned(value):
        again = run_by(3, "replicate", value, parent=1, lr=0.1)
        again = replace(again, proposal=replace(again.proposal, changes=()))
        return credits([(source_of(t), t) for t in [*base, again]], OBJECTIVE)["replicate"].mean

    assert earned(0.9) == 0.0
    assert earned(0.4) > 0.5


def test_the_bandit_prefers_the_source_that_earned_more_and_comes_back_to_the_others():
    records = {"tpe": Record(20, 16.0), "perturb": Record(20, 12.0)}
    assert order(("perturb", "tpe"), records, {})[0] == "tpe"
    assert order(("perturb", "tpe"), records, {"tpe": 400})[0] == "perturb"
    assert order(("perturb", "tpe", "ablate"), records, {})[0] == "ablate"  # never tried


def test_ablation_takes_back_one_change_of_the_incumbent():
    tree = tree_of(trial(0, None, 0.3), trial(1, 0, 0.5, lr=0.01), trial(2, 1, 0.9, lr=0.01, depth=7))
    context = replace(TestHybrid().context([0.3]), tree=tree, space=SPACE)
    child = ablate(context, (), context.rng())
    assert child is not None
    assert (child.parent.id, child.values) == (2, {"lr": 0.3, "depth": 7, "net": "a"})  # the other one is node 1
    claimed = (SPACE.key(child.values),)
    assert ablate(context, claimed, context.rng()) is None


def test_a_configuration_with_one_change_is_not_ablated_to_the_baseline():
    context = TestHybrid().context([0.3, 0.9])
    assert ablate(context, (), context.rng()) is None


def test_a_guide_that_fails_leaves_the_slot_to_the_rules_with_a_provenance_that_says_so(tmp_path):
    class Broken(Proposer):
        name = "llm"

        def propose(self, context):
            raise ProposerError("down")

    study = open_study(tmp_path, settings(n_trials=6))
    study._proposals.proposer = HybridProposer(Broken(), tpe.build({}))
    trials = run_study(study)
    assert any(t.proposal.provenance == Provenance("rules", "hybrid failed: down") for t in trials)


def test_a_guide_that_repairs_its_answer_itself_is_asked_once_per_decision():
    asked = []

    class Model(RulesProposer):
        asked_once = True

        def propose(self, context):
            asked.append([slot.index for slot in context.slots])
            return super().propose(context)

    context = replace(TestHybrid().context([0.3, 0.5]), validate=lambda values: ["No such file."])
    assert fill(context, HybridProposer(Model(), tpe.build({}))).proposals == []
    assert asked == [[0]]


def test_what_a_guide_spent_is_visible_to_the_budget():
    class Costly(RulesProposer):
        @property
        def spent(self):
            return TotalUsage(1, 700, 300, 0.5)

    assert HybridProposer(Costly(), tpe.build({})).spent == TotalUsage(1, 700, 300, 0.5)


def test_an_unknown_guide_is_refused():
    with pytest.raises(ValueError, match="The guide of the hybrid proposer must be one of rules, llm, got 'random'"):
        make_proposer("hybrid", {"guide": "random"})


def test_the_guide_is_credited_under_one_name_whoever_answered():
    assert source_of(run_by(1, "rules (llm failed: outage)", 0.5)) == GUIDE
    assert source_of(trial(1, 0, 0.5)) == ""


def test_the_guide_looks_back_on_a_block_and_reads_what_a_person_wrote():
    class Guide(RulesProposer):
        reads_notes = True

        def review(self, context):
            return Decision(failed=f"nothing to say on block {context.block.index}")

    guide = Guide()
    hybrid = HybridProposer(guide, guide)
    assert hybrid.reads_notes
    context = Context(SPACE, OBJECTIVE, tree_of(), (), ())
    assert hybrid.review(context) == guide.review(context)
    assert HybridProposer(RulesProposer(), guide).review(context) == Decision(), "the rules have nothing to say"
    assert not HybridProposer(RulesProposer(), guide).reads_notes
