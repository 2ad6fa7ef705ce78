from hydra_llm.search.number_text import number, percent, value_text


def test_a_value_is_rounded_only_where_it_is_no_whole_number():
    assert [value_text(value) for value in (0.123456, 1e-6, 123456, True, "relu", None)] == [
        "0.1235", "1e-06", "123456", "True", "relu", "None",
    ]  # fmt: skip
    assert value_text(0.1234567, 6) == "0.123457"


def test_a_number_that_is_missing_says_so_in_the_readers_way():
    assert (number(0.123456), number(0.123456, 3), number(None), number(None, missing="–")) == (
        "0.1235", "0.123", "-", "–",
    )  # fmt: skip
    assert (number(True), number("n/a")) == ("True", "n/a")


def test_a_share_is_told_in_whole_percent():
    assert (percent(0.256), percent(1.0), percent(None), percent(None, "not known yet")) == (
        "26 %", "100 %", "-", "not known yet",
    )  # fmt: skip
