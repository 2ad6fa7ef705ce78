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
    with pytest.raises(ValueError, match="proposer must be one of auto, rules, random, bayes, llm"):
        make_proposer("genetic", {})


class Own(RandomProposer):
    def __init__(self, folder="nowhere"):
        self.folder = folder

    @classmethod
    def from_settings(cls, settings):
        return cls(settings["folder"])


class Open(Proposer):
    pass


def test_a_proposer_of_ones_own_is_chosen_by_its_dotted_path_and_may_read_the_settings():
    made = make_proposer(f"{__name__}.Own", {"folder": "sweep", "model": "m"})
    assert (made.name, made.folder) == (f"{__name__}.Own", "sweep")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (f"{__name__}.Open", r"Open must define propose of hydra_llm\.Proposer"),
        ("fractions.Fraction", r"proposer must be the dotted path of a subclass of hydra_llm\.Proposer"),
    ],
)
def test_a_proposer_that_cannot_be_used_is_a_sentence(path, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_proposer(path, {})


class TestOwn(ProposerConformance):
    def make(self):
        return Own()
