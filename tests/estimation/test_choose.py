import pytest

from hydra_llm.estimation.choose import choose
from hydra_llm.schema.target import TargetKeys


@pytest.mark.parametrize(
    ("recording", "method", "reason"),
    [
        ({}, "eighth differences", "smooth"),
        ({"process": 0.1}, "the flow over a frame", "process noise"),
        ({"measurement": 0.1}, "smoothing", "measurement noise"),
        ({"driven": True}, "the flow over a frame", "input|process noise"),
        ({"sequence": 5}, "the flow over a frame", "too short"),
    ],
)
def test_the_recording_decides_and_a_sentence_says_why(record, recording, method, reason):
    choice = choose(TargetKeys(), record(1000, **recording))
    assert choice.method.name == method
    assert any(word in choice.sentence for word in reason.split("|"))
    assert choice.sentence.endswith(".")


@pytest.mark.parametrize(
    ("target", "method"),
    [("flow", "the flow over a frame"), ("smoothed", "smoothing"), ("weak", "the weak form")],
)
def test_a_configured_method_is_taken_whatever_the_data_say(record, target, method):
    choice = choose(TargetKeys(target=target), record(200))
    assert choice.method.name == method
    assert "as configured" in choice.sentence


def test_a_configured_order_is_taken_and_an_open_one_is_found(record):
    keys = TargetKeys(target="finite_difference", difference_order="forward")
    assert choose(keys, record(200)).method.name == "forward differences"
    assert choose(TargetKeys(target="finite_difference"), record(200)).method.name == "eighth differences"


def test_where_the_flow_is_fitted_through_a_filter_measurement_noise_needs_no_smoothing(record):
    choice = choose(TargetKeys(), record(1000, measurement=0.3, process=0.02), filters=True)
    assert choice.method.name == "the flow over a frame"
    assert "measurement noise" in choice.sentence
