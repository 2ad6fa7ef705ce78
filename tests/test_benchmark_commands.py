"""Every command beside a stored result can be run as it is written."""

import argparse
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the science extra is not installed")

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
COMMAND = re.compile(r"`(python benchmarks/[^`]*)`")
COMMANDS = sorted({found for page in RESULTS.glob("*.md") for found in COMMAND.findall(page.read_text())})


class ParsedError(Exception):
    """The arguments were understood; what follows would be the measurement."""


def test_every_result_has_a_page_with_its_command():
    without = [data.name for data in RESULTS.glob("*.json") if not COMMAND.search(data.with_suffix(".md").read_text())]
    assert not without


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_of_a_result_is_understood(command, monkeypatch):
    _, script, *arguments = shlex.split(command)
    assert (ROOT / script).exists()
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self, args=None, namespace=None):
        parse(self, args, namespace)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    if "parse_args" not in (ROOT / script).read_text():
        assert not arguments  # it takes none
        return
    with pytest.raises(ParsedError):
        runpy.run_path(str(ROOT / script), run_name="__main__")
