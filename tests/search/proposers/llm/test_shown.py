"""Numbers of the test split reach no question, by whatever name an application returns them."""

import pytest

from hydra_llm.search.proposers.llm.shown import is_withheld


@pytest.mark.parametrize(
    "name",
    [
        *("test", "test_R2", "test/acc", "oracle_test_R2", "TEST_loss"),
        *(
            "acc_test",
            "metrics/test_acc",
            "test-acc",
            "eval/test/loss",
            "eval.test_loss",
            "acc@test",
            "acc test",
            "test1_acc",
        ),
        *("TestAcc", "testAcc", "accTest", "finalTestLoss"),
    ],
)
def test_the_test_split_is_withheld_under_the_names_of_foreign_applications(name):
    assert is_withheld(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "latest",
            "latest_loss",
            "contest",
            "contest/score",
            "fastest_run",
            "greatest",
            "attested",
            "LATEST",
            "TESTIMONY",
        ),
        *("testimony", "tested_regimes", "Testimony", "tests_passed", "latestLoss", "val_R2", "connectivity_R2"),
    ],
)
def test_words_that_only_hold_the_letters_are_shown(name):
    assert not is_withheld(name)
