"""A replay over several slots hands results over in the recorded order, and waits for nobody who does not come."""

from hydra_llm.search.log.events import Asked, Told
from hydra_llm.search.trial.outcome import Outcome, TrialState
from hydra_llm.sweeper.dispatch.base import Dispatch, Launch
from hydra_llm.sweeper.dispatch.recorded_order import RecordedOrder, in_recorded_order, recorded_groups

DONE = Outcome(TrialState.COMPLETED, value=1.0)


class _Slots(Dispatch):
    """Jobs end when the test says so."""

    def __init__(self, n_slots):
        super().__init__(reader=None, n_slots=n_slots)
        self.ended = []

    def start(self, launches):
        self._begin(launches)

    def _begin(self, launches):
        self.running |= {launch.slot: launch for launch in launches}

    def wait(self, timeout_s):
        ended, self.ended = self.ended, []
        self.running = {slot: launch for slot, launch in self.running.items() if launch.number not in ended}
        return dict.fromkeys(ended, DONE)


def started(groups, *numbers):
    slots = _Slots(len(numbers))
    dispatch = RecordedOrder(slots, groups)
    dispatch.start([Launch(number, place, []) for place, number in enumerate(numbers)])
    return slots, dispatch


def test_what_ends_too_early_keeps_its_slot_until_its_turn():
    slots, dispatch = started([[0], [1]], 0, 1)
    slots.ended = [1]
    assert dispatch.wait(1.0) == {}
    assert dispatch.free_slots == []
    assert sorted(launch.number for launch in dispatch.running.values()) == [0, 1]
    slots.ended = [0]
    assert list(dispatch.wait(1.0)) == [0]
    assert dispatch.free_slots == [0]
    assert list(dispatch.wait(1.0)) == [1], "it is there already, and nobody waits for it"
    assert dispatch.free_slots == [0, 1]


def test_trials_that_ended_before_one_question_are_handed_over_together():
    slots, dispatch = started([[0, 1]], 0, 1)
    slots.ended = [0]
    assert dispatch.wait(1.0) == {}
    slots.ended = [1]
    assert sorted(dispatch.wait(1.0)) == [0, 1]


def test_a_trial_that_never_started_is_not_waited_for_and_one_beyond_the_record_goes_through(caplog):
    caplog.set_level("INFO")
    slots, dispatch = started([[5], [0]], 0, 1)
    slots.ended = [0]
    assert list(dispatch.wait(1.0)) == [0]
    assert "had run trial 5 by now" in caplog.text
    slots.ended = [1]
    assert list(dispatch.wait(1.0)) == [1]
    assert dispatch.running == {}


def test_the_order_is_read_from_the_log_between_its_questions(tmp_path, caplog):
    asked = Asked(0.0, 1, ())
    events = [asked, Told(1, DONE), asked, asked, Told(0, DONE), Told(2, DONE), asked]
    assert recorded_groups(events) == [[1], [0, 2]]
    slots = _Slots(2)
    assert in_recorded_order(slots, tmp_path) is slots
    assert "Copy events.jsonl of the recorded sweep" in caplog.text
