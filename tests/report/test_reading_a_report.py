"""docs/report.md: its example runs, its commands exist."""

import re
from pathlib import Path

from typer.testing import CliRunner

from hydra_llm.cli.main import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_python_example_runs(sweep_folder, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code.replace("outputs/sweeps/my-search", str(sweep_folder)), {})
    assert "Agreement(pairs=" in capsys.readouterr().out


def test_every_option_that_the_page_names_exists():
    helps = "".join(CliRunner().invoke(app, [name, "--help"]).output for name in ("report", "tree")) + "--help"
    helps += CliRunner().invoke(app, ["--help"]).output
    named = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", PAGE))
    assert {"--watch", "--labels", "--most"} <= named
    assert {option for option in named if option not in helps} == set()
