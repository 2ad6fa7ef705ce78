import numpy as np
import pytest

from hydra_llm.search.space.space import Categorical, Float, Integer, Space
from hydra_llm.search.surrogate.encoding import Encoding

SPACE = Space(
    (
        Float(name="lr", low=1e-4, high=1.0, log=True, default=0.01),
        Integer(name="depth", low=1, high=9, default=3),
        Integer(name="width", low=1, high=64, log=True, default=8),
        Categorical(name="batch", choices=(8, 16, 32), ordered=True, default=8),
        Categorical(name="net", choices=("a", "b", "c"), default="a"),
        Float(name="momentum", low=0.0, high=1.0, default=0.9, when={"net": ("b", "c")}),
        Categorical(name="fixed", choices=("one",), default="one"),
    )
)


def drawn(count=64):
    rng = np.random.default_rng(0)
    return [SPACE.sample(rng) for _ in range(count)]


def test_a_configuration_survives_the_way_to_a_row_and_back():
    encoding = Encoding(SPACE)
    for values in drawn():
        back = encoding.values(encoding.row(values))
        assert back.keys() == values.keys()
        assert back["lr"] == pytest.approx(values["lr"], rel=1e-9)
        assert {k: v for k, v in back.items() if k not in ("lr", "momentum")} == {
            k: v for k, v in values.items() if k not in ("lr", "momentum")
        }


def test_any_point_of_the_unit_cube_becomes_a_valid_configuration_with_its_conditions_kept():
    encoding = Encoding(SPACE)
    rows = encoding.uniform(np.random.default_rng(1).random((200, len(encoding.dimensions))))
    for row in rows:
        values = encoding.values(row)
        assert SPACE.validate(values) == []
        assert ("momentum" in values) == (values["net"] != "a")
        np.testing.assert_allclose(encoding.row(values), row, atol=1e-9)


def test_uniform_points_give_every_choice_its_share():
    encoding = Encoding(SPACE)
    rows = encoding.uniform(np.random.default_rng(2).random((3000, len(encoding.dimensions))))
    nets = [encoding.values(row)["net"] for row in rows]
    batches = [encoding.values(row)["batch"] for row in rows]
    assert all(nets.count(net) / 3000 == pytest.approx(1 / 3, abs=0.04) for net in "abc")
    assert all(batches.count(batch) / 3000 == pytest.approx(1 / 3, abs=0.04) for batch in (8, 16, 32))


def test_squared_distances_are_steps_for_ordered_and_hamming_for_unordered_parameters():
    encoding = Encoding(SPACE)
    base = {"lr": 0.01, "depth": 3, "width": 8, "batch": 8, "net": "b", "momentum": 0.5, "fixed": "one"}

    def squared(**moved):
        a, b = encoding.features(encoding.rows([base, {**base, **moved}]))
        return float(((a - b) ** 2).sum())

    assert squared(depth=7) == pytest.approx(0.25)
    assert squared(batch=32) == pytest.approx(1.0)
    assert squared(net="c") == pytest.approx(1.0)
    assert squared(momentum=0.7) == pytest.approx(0.04)


def test_an_absent_parameter_is_at_least_as_far_as_the_whole_range_from_a_present_one():
    encoding = Encoding(SPACE)
    base = {"lr": 0.01, "depth": 3, "width": 8, "batch": 8, "net": "b", "fixed": "one"}
    a, b = encoding.features(encoding.rows([{**base, "momentum": 0.5}, base]))
    assert float(((a - b) ** 2).sum()) >= 1.0


def test_there_is_one_column_of_features_for_each_entry_of_columns():
    encoding = Encoding(SPACE)
    assert encoding.features(encoding.rows(drawn(3))).shape == (3, len(encoding.columns))
    assert set(encoding.columns) == set(range(len(encoding.dimensions)))
