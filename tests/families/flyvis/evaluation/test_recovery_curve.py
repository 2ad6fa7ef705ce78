"""The course of an alternating fit: what a log says, and when it is healthy."""

import pytest

from hydra_llm.families.flyvis.evaluation.recovery_curve import (
    Point,
    gains,
    is_healthy,
    to_text,
    trajectory_metrics,
    trend,
    verdict,
)


def course(*values, phases="WV"):
    names = {"W": "W", "V": "V_rest"}
    return [Point(0, 640 * (k + 1), value, names[phases[k % len(phases)]]) for k, value in enumerate(values)]


def test_a_log_has_a_line_per_point():
    assert to_text(course(0.45, 0.72)).splitlines() == [
        "epoch,iteration,connectivity_r2,phase",
        "0,640,0.45,W",
        "0,1280,0.72,V_rest",
    ]


def test_the_published_example_is_healthy():
    points = [Point(0, 640, 0.45, "W"), Point(0, 1280, 0.72, "W"), Point(0, 1920, 0.71, "V_rest")]
    points.append(Point(0, 2560, 0.85, "W"))
    assert is_healthy(points)
    assert gains(points) == {"W": [pytest.approx(0.27), pytest.approx(0.14)], "V_rest": [pytest.approx(-0.01)]}
    assert verdict(points).endswith("Healthy.")
    scores = trajectory_metrics(points)
    assert scores["connectivity_R2_peak"] == scores["connectivity_R2_final"] == 0.85
    assert scores["connectivity_R2_peak_iteration"] == 2560
    assert scores["trajectory_healthy"] == 1


def test_a_fall_while_W_should_rest_is_unhealthy_and_its_rates_are_named():
    points = course(0.6, 0.5, 0.7, 0.55, 0.8)
    assert not is_healthy(points)
    assert "alternate_lr_W or alternate_lr_edge may be too high" in verdict(points)
    assert trajectory_metrics(points)["connectivity_R2_loss_per_V_rest_phase"] == pytest.approx(0.125)


def test_a_decay_after_the_peak_is_unhealthy():
    points = course(0.5, 0.9, 0.95, 0.93, 0.88, phases="W")
    assert trend(points) == "decaying"
    assert not is_healthy(points)
    assert trajectory_metrics(points)["connectivity_R2_decay"] == pytest.approx(0.07)
    assert verdict(points).endswith("below its peak.")


def test_w_phases_that_lose_are_named():
    assert verdict(course(0.5, 0.3, 0.6, phases="WWV")).endswith("W-phases do not raise it.")


def test_trends():
    assert trend(course(0.1, 0.5, 0.6, 0.7)) == "rising"
    assert trend(course(0.1, 0.700, 0.701, 0.7)) == "stable"
    assert trend(course(0.5)) == "stable"
