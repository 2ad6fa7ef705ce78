"""Everything that code is asked before it may run: the rules first, then the interface test."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hydra_llm.code.rules import Rules
from hydra_llm.code.trial_run import RunLimits, run_interface_test

NAME = "proposed.py"


def examine(text: str, interface_test: str, limits: RunLimits | None = None, prefix: Sequence[str] = ()) -> list[str]:
    """Sentences on what is wrong, [] for code that may run. prefix: words before the command of the test. Raises
    CodeError for a test that cannot be found.
    """
    problems = Rules().problems(text)
    if problems or not interface_test:
        return problems
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(text, encoding="utf-8")
        return [
            said.replace(str(path), "the code") for said in run_interface_test(interface_test, path, limits, prefix)
        ]
