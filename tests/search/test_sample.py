import statistics

import pytest

from hydra_llm.search.sample import half_width, standard_deviation, student, wilson


def test_the_standard_deviation_is_that_of_the_distribution_and_unknown_below_two_values():
    values = [0.2, 0.9, 0.4, 0.4]
    assert standard_deviation(values) == pytest.approx(statistics.stdev(values))
    assert standard_deviation([1.0]) is None
    assert standard_deviation([]) is None


def test_students_interval_of_two_values_on_a_worked_example():
    assert half_width([1.0, 3.0]) == pytest.approx(12.71)  # sd sqrt(2), divided by sqrt(2)
    assert half_width([1.0]) is None


@pytest.mark.parametrize(("freedom", "expected"), [(1, 12.706), (4, 2.776), (11, 2.201), (20, 2.086), (60, 2.000)])
def test_students_quantile_is_right_to_a_thousandth(freedom, expected):
    assert student(freedom) == pytest.approx(expected, rel=1e-3)


def test_wilsons_interval_is_the_published_one_and_stays_inside_zero_and_one():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("count", [1, 3, 7, 100])
def test_wilsons_interval_holds_the_share_and_mirrors_with_it(count):
    for hits in range(count + 1):
        low, high = wilson(hits, count)
        assert low <= hits / count <= high
        assert wilson(count - hits, count) == pytest.approx((1 - high, 1 - low))
