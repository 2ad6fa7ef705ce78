"""A log that was edited, cut or written by two: it opens, or a sentence names the file and the line."""

import json
import subprocess

import pytest
from search_worlds import open_study, run_study, settings

from hydra_llm.search.log.event_log import EVENTS_NAME, EventLogError, read_events
from hydra_llm.search.log.header import IncompatibleSweepError
from hydra_llm.search.log.reader import NoSweepError, read_sweep

WANTED = settings(n_trials=3, seed_keys=("seed",))


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run_study(open_study(folder, WANTED))
    return (folder / EVENTS_NAME).read_text().splitlines()


def write(folder, lines):
    (folder / EVENTS_NAME).write_text("".join(f"{line}\n" for line in lines))


def place(lines, kind, nth=0):
    return [number for number, line in enumerate(lines) if json.loads(line)["type"] == kind][nth]


def refusal(folder):
    with pytest.raises(EventLogError) as error:
        open_study(folder, WANTED)
    return str(error.value)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("header", "a second sweep begins"),
        ("block", "block 1 was opened before"),
        ("asked", "trial 0 was asked for before"),
        ("launched", "trial 0 is running already when it is launched"),
        ("told", "trial 0 is told already when it is told"),
    ],
)
def test_what_two_sweepers_wrote_is_a_sentence_with_its_line(tmp_path, lines, kind, what):
    at = place(lines, kind)
    write(tmp_path, [*lines[: at + 1], lines[at], *lines[at + 1 :]])
    text = refusal(tmp_path)
    assert f"{tmp_path / EVENTS_NAME}, line {at + 2} contradicts the lines before it: {what}." in text


def test_the_remedy_of_the_sentence_keeps_what_was_whole(tmp_path, lines):
    at = place(lines, "told", 1)
    write(tmp_path, [*lines[: at + 1], lines[at], *lines[at + 1 :]])
    subprocess.run(refusal(tmp_path).split("(")[1].split(")")[0], shell=True, check=True)
    assert len(read_events(tmp_path / EVENTS_NAME)) == at + 1
    assert len(run_study(open_study(tmp_path, WANTED))) == WANTED.n_trials


@pytest.mark.parametrize(
    ("kind", "field", "value", "what"),
    [
        ("launched", "numbers", [99], "trial 99 was never asked for when it is launched"),
        ("told", "number", 99, "trial 99 was never asked for when it is told"),
        ("asked", "block", 7, "block 7 was never opened"),
    ],
)
def test_numbers_that_nobody_knows_are_sentences(tmp_path, lines, kind, field, value, what):
    at = place(lines, kind)
    write(tmp_path, [*lines[:at], json.dumps({**json.loads(lines[at]), field: value}), *lines[at + 1 :]])
    assert f"line {at + 1} contradicts the lines before it: {what}." in refusal(tmp_path)


def damages(line):
    """The line replaced, or with one of its fields missing or holding something else."""
    yield from ("null", "[]", "{}", "3", "[" * 100_000)
    event = json.loads(line)
    for field in event:
        yield json.dumps({key: value for key, value in event.items() if key != field})
        for value in (None, -1, 10**400, "x", [], {}, [None], {"x": None}):
            yield json.dumps({**event, field: value})


def test_no_damage_to_a_line_is_more_than_a_sentence(tmp_path, lines):
    seen = set()
    for at, line in enumerate(lines):
        if (kind := json.loads(line)["type"]) in seen:
            continue
        seen.add(kind)
        for damage in damages(line):
            write(tmp_path, [*lines[:at], damage, *lines[at + 1 :]])
            for act in (read_sweep, lambda folder: open_study(folder, WANTED).close()):
                sentence = str(tmp_path)
                try:
                    act(tmp_path)
                except (EventLogError, IncompatibleSweepError, NoSweepError) as error:
                    sentence = str(error)
                except Exception as error:
                    raise AssertionError(f"{damage[:500]} is {type(error).__name__}: {error}") from error
                assert str(tmp_path) in sentence
    assert {"header", "session", "block", "asked", "launched", "told"} <= seen
