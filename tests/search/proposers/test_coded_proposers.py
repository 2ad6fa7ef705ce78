import pytest

from hydra_llm.search.proposers.base import Proposer
from hydra_llm.search.proposers.random import RandomProposer
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.proposers.rules.proposer import RulesProposer
from hydra_llm.search.testing.proposals import ProposerConformance


class TestRules(ProposerConformance):
    def make(self) -> Proposer:
        return RulesProposer()


class TestRandom(ProposerConformance):
    def make(self) -> Proposer:
        return RandomProposer()


def test_another_seed_gives_another_random_proposal():
    case = TestRandom()
    one, two = (RandomProposer().propose(case.context([0.3], seed=seed))[0] for seed in (0, 1))
    assert one.values != two.values


def test_an_unknown_proposer_lists_the_known_ones():
    with pytest.raises(ValueError, match="auto, rules, random, llm"):
        make_proposer("genetic", {})
