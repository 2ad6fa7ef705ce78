from dataclasses import dataclass, field, fields

import pytest
from omegaconf import OmegaConf

from hydra_llm.families.register import NODES
from hydra_llm.schema.fields import check, key
from hydra_llm.schema.root import Config


@dataclass
class Inner:
    rate: float = key(0.1, help="a rate", unit="1/s", low=0, high=1, open_low=True)
    kind: str = key("a", help="a kind", choices=("a", "b"))
    count: int | None = key(None, help="a number", low=1)
    many: list[int] = key([1, 2], help="numbers")


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)


def config(**values):
    return OmegaConf.merge(OmegaConf.structured(Outer), {"inner": values})


def test_legal_values_and_null_pass():
    check(config())
    check(config(rate=1.0, kind="b", count=1))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": 0.0}, r"inner.rate=0.0 is outside its range \(0, 1\] 1/s. It is: a rate."),
        ({"rate": 1.5}, r"inner.rate=1.5 is outside its range"),
        ({"rate": float("nan")}, r"inner.rate=nan is outside"),
        ({"count": 0}, r"inner.count=0 is outside its range \[1, inf\]"),
        ({"kind": "c"}, r"inner.kind=c is unknown. Choose one of: a, b."),
    ],
)
def test_an_illegal_value_names_key_value_range_and_meaning(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        check(config(**values))


def test_two_configs_never_share_a_default_list():
    assert Inner().many is not Inner().many


@pytest.mark.parametrize("node", [*NODES.values(), Config], ids=lambda node: node.__name__)
def test_every_key_says_what_it_is(node):
    plain = {"_target_", "params", "block_params", "trial_overrides", "confirm", "seed_keys", "thresholds", "locked"}
    groups = {"simulation", "model", "training", "trainer", "logger", "callbacks", "paths", "search"}
    for item in fields(node):
        if item.name not in plain | groups:
            assert item.metadata.get("help"), f"{node.__name__}.{item.name} has no help"
