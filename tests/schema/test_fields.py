from dataclasses import dataclass, field, fields

import pytest
from omegaconf import OmegaConf

from hydra_llm.families.register import NODES
from hydra_llm.schema.fields import as_object, check, config_of, key
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
        ({"rate": 0.0}, r"inner.rate must be above 0 and at most 1 \(1/s\), got 0.0. It is: a rate."),
        ({"rate": 1.5}, r"inner.rate must be above 0 and at most 1 \(1/s\), got 1.5"),
        ({"rate": float("nan")}, r"inner.rate must be above 0 and at most 1 \(1/s\), got nan"),
        ({"count": 0}, r"inner.count must be at least 1, got 0"),
        ({"kind": "c"}, r"inner.kind must be one of a, b, got 'c'"),
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
    keys = [item for item in fields(node) if item.name not in plain | groups]
    assert keys
    for item in keys:
        assert item.metadata.get("help"), f"{node.__name__}.{item.name} has no help"


@dataclass
class Seeded(Inner):
    seed: int = key("${seed}", help="a seed")


def test_a_config_object_takes_its_keys_and_leaves_the_others_at_their_defaults():
    assert config_of(Seeded, {"rate": 0.5, "seed": 3}) == Seeded(rate=0.5, seed=3)


def test_an_unknown_key_of_a_config_object_is_a_sentence_with_the_names_near_it():
    with pytest.raises(ValueError, match=r"Inner has no key 'rat'\. Close to it: rate\."):
        config_of(Inner, {"rat": 0.5})
    with pytest.raises(ValueError, match=r"Inner has no key 'zzz'\.$"):
        config_of(Inner, {"zzz": 1})


def test_a_key_that_only_hydra_can_resolve_is_required():
    with pytest.raises(ValueError, match="Seeded requires seed"):
        config_of(Seeded, {})


def test_a_composed_node_becomes_the_object_that_it_describes():
    node = OmegaConf.merge(OmegaConf.structured(Seeded), {"rate": 0.5, "seed": 3, "many": [7]})
    found = as_object(node, Inner)  # a schema that extends another one keeps what it adds
    assert found == Seeded(rate=0.5, seed=3, many=[7])
    assert isinstance(found.many, list)
    assert as_object(found, Inner) is found


def test_a_node_without_a_schema_is_given_the_one_that_is_asked_for():
    assert as_object(OmegaConf.create({"rate": 0.5}), Inner) == Inner(rate=0.5)


def test_a_node_of_another_schema_is_refused():
    with pytest.raises(ValueError, match="Inner is required here, and this one is of Outer"):
        as_object(OmegaConf.structured(Outer), Inner)
