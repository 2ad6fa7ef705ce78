from random import Random

from hydra_llm.llm.backoff import Backoff


def backoff(**arguments):
    waited = []
    return Backoff(sleep=waited.append, random=Random(0), **arguments), waited


def test_waits_stay_under_a_doubling_bound_and_under_the_cap():
    patient, waited = backoff(max_attempts=12, base_s=1.0, cap_s=20.0)
    for attempt in range(11):
        assert patient.wait(attempt)
    assert all(wait <= min(2.0**attempt, 20.0) for attempt, wait in enumerate(waited))
    assert max(waited) > 2.0


def test_the_last_attempt_is_followed_by_no_wait():
    patient, waited = backoff(max_attempts=1)
    assert not patient.wait(0)
    assert waited == []


def test_the_servers_wish_is_a_lower_bound():
    patient, waited = backoff(max_attempts=2)
    assert patient.wait(0, retry_after_s=30.0)
    assert 30.0 <= waited[0] <= 31.0
