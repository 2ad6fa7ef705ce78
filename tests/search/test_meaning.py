"""What an application says of its metrics."""

import pytest
from search_worlds import ended, trial

from hydra_llm.search.meaning import Meaning


def test_the_gap_is_prediction_minus_metric_and_nothing_where_one_is_missing():
    meaning = Meaning.of({"predicts": "val_pearson"})
    seen = ended(trial(0, None, 0.25), metrics={"val_pearson": 0.75})
    assert meaning.gap(seen) == 0.5
    assert meaning.gap(ended(seen, metrics={})) is None
    assert meaning.gap(ended(seen, value=None)) is None
    assert Meaning().gap(seen) is None


def test_complexity_is_the_first_metric_that_was_returned():
    meaning = Meaning.of({"complexity": ["effective_rank", "activity_rank_90"]})
    assert meaning.complexity_of(ended(trial(0, None, 0.5), metrics={"activity_rank_90": 12.0})) == 12.0
    both = ended(trial(0, None, 0.5), metrics={"activity_rank_90": 12.0, "effective_rank": 30.0})
    assert meaning.complexity_of(both) == 30.0
    assert Meaning().complexity_of(both) is None


def test_minutes_are_of_the_metric_that_is_declared_and_of_none_otherwise():
    seen = ended(trial(0, None, 0.25), metrics={"fit_minutes": 4.0})
    assert Meaning.of({"minutes": "fit_minutes"}).minutes_of(seen) == 4.0
    assert Meaning.of({"minutes": "other"}).minutes_of(seen) is None
    assert Meaning().minutes_of(seen) is None


def test_a_parameter_that_lengthens_a_run_is_known_by_its_name_or_by_the_last_part_of_it():
    declared = Meaning.of({"lengthens": ["training.repeats", "n_passes"]})
    lengths = [name for name in ("training.repeats", "a.n_passes", "repeats", "n_epochs") if declared.sets_length(name)]
    assert lengths == ["training.repeats", "a.n_passes"]
    assert Meaning().sets_length("trainer.n_epochs")


@pytest.mark.parametrize("spec", [{"predict": "r"}, {"predicts": ["r"]}, {"complexity": 3}, {"minutes": 3.0}])
def test_another_form_is_refused_with_a_sentence(spec):
    with pytest.raises(ValueError, match=r"meaning must have no keys but predicts and minutes.*got"):
        Meaning.of(spec)
