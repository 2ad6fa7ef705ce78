"""docs/extending.md: every example on the page runs, and every name on it exists."""

import importlib
import json
import os
import re
import shlex
from pathlib import Path

import pytest

import hydra_llm
import programs
from programs import PYTHON, environment, proposed

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
EXAMPLES = [title for title, text in SECTIONS.items() if "```" in text]
SCIENCE = "python train.py"


def blocks(title: str) -> list[tuple[str, str]]:
    """(language, text) of the code of a section."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)


def commands(title: str) -> list[str]:
    return [line for language, text in blocks(title) if not language for line in text.splitlines()]


def write_files(title: str, folder: Path) -> list[str]:
    """The files of a section, each named in the comment that it begins with; their names."""
    names = []
    for language, text in blocks(title):
        if language:
            name = text.partition("\n")[0].removeprefix("# ")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            names.append(name)
    return names


def run(words: list[str], folder: Path, cwd: Path, expect: int = 0) -> str:
    """Everything that the command printed."""
    env = environment(PYTHONPATH=f"{folder}{os.pathsep}{ROOT / 'src'}")
    return programs.run([PYTHON if word == "python" else word for word in words], cwd, env, expect=expect)


def run_example(title: str, folder: Path, connectome: Path) -> str:
    write_files("The application", folder)
    names = write_files(title, folder)
    printed = []
    for line in commands(title):
        words = shlex.split(line)
        if line.startswith(SCIENCE):
            pytest.importorskip("lightning", reason="the science extra is not installed")
            words += [f"hydra.run.dir={folder}/run", f"paths.datasets={folder}/datasets", "callbacks.figures=false"]
            words += [f"simulation.connectome={connectome}"] if "simulation=flyvis" in line else []
        printed.append(run(words, folder, ROOT if line.startswith(SCIENCE) else folder))
    suites = [name for name in names if name.startswith("test_")]
    if suites:
        printed.append(run(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *suites], folder, folder))
    return "\n".join(printed)


def session(folder: Path) -> dict[str, object]:
    """What the log of a sweep says about who proposes, selects and prunes."""
    (found,) = programs.events(folder, "session")
    return {"proposer": found["proposer"], **found["settings"]}


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_example_runs(title, tmp_path, tiny_connectome):
    assert commands(title)
    printed = run_example(title, tmp_path, tiny_connectome)
    assert CLAIMS.get(title, lambda folder, printed: True)(tmp_path, printed), printed


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("proposer=hydra_llm.Proposer", "proposer=hydra_llm.Proposer must define propose"),
        ("selection=nowhere.Policy", "selection=nowhere.Policy cannot be imported (No module named 'nowhere')"),
        ("pruning.rule=hydra_llm.PruningRule", "pruning.rule=hydra_llm.PruningRule must define limit"),
        ("llm.client=my_client.Lab proposer=auto", "module 'my_client' has no attribute 'Lab'"),
    ],
)
def test_a_path_that_cannot_be_used_ends_the_sweep_before_its_first_trial_with_a_sentence(tmp_path, setting, sentence):
    write_files("The application", tmp_path)
    write_files("A client of a language model", tmp_path)
    words = ["python", "app.py", "-m", "hydra/sweeper=llm_ucb", *(f"hydra.sweeper.{word}" for word in setting.split())]
    text = run(words, tmp_path, tmp_path, expect=1)
    assert sentence in text
    assert "Traceback" not in text
    assert not (tmp_path / "sweep" / "0").exists()


def is_constrained(folder, printed):
    widths = {trial["proposal"]["values"]["width"] for trial in proposed(folder / "sweep")}
    return len(widths) > 1 and 64 not in widths


def strategies(folder):
    return [trial["proposal"]["strategy"] for trial in proposed(folder / "sweep")]


def is_proposed(folder, printed):
    return strategies(folder) == ["neighbour"] * 8 and session(folder / "sweep")["proposer"] == "my_proposer.Neighbour"


def is_a_rule(folder, printed):
    return strategies(folder)[:3] == ["baseline", "width-first", "width-first"]


def is_selected(folder, printed):
    table = (folder / "sweep" / "ucb_scores.txt").read_text()
    named = "selection=my_policy.EpsilonGreedy, c=0.2" in table
    return named and session(folder / "sweep")["selection"] == "my_policy.EpsilonGreedy"


def is_pruned(folder, printed):
    sweeps = (folder / "sweep", folder / "other")
    named = all(session(sweep)["pruning"] == "my_rule.Quantile" for sweep in sweeps)
    limits = [json.loads((sweep / "pruning.json").read_text())["rows"][0]["what"] for sweep in sweeps]
    return named and "the quantile 0.5 of" in limits[0] and "the quantile 0.25 of" in limits[1]


def is_asked(folder, printed):
    recorded = [json.loads(path.read_text()) for path in (folder / "sweep" / "transcripts").glob("*.json")]
    return {record["model"] for record in recorded} == {"the-lab"} and "llm failed" in printed


def is_told(folder, printed):
    rows = re.findall(r"^\d+ COMPLETED \d\.\d+ \{'rate'", printed, re.MULTILINE)
    return len(rows) == 8 and (folder / "sweep" / "report.html").is_file()


CLAIMS = {
    "A constraint": is_constrained,
    "A proposer": is_proposed,
    "A strategy of the rules": is_a_rule,
    "A selection policy": is_selected,
    "A pruning rule": is_pruned,
    "A client of a language model": is_asked,
    "A report or an export": is_told,
    "Parts of a fit": lambda folder, printed: "my module: 1 interval" in printed,
    "A logger": lambda folder, printed: "my logger: None ['" in printed,
}


def test_every_claim_is_about_an_example():
    assert set(CLAIMS) <= set(EXAMPLES)


def test_every_name_on_the_page_exists():
    names = set(re.findall(r"`(hydra_llm\.[\w.]+)`", PAGE))
    assert len(names) >= 6
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
        assert module != "hydra_llm" or attribute in hydra_llm.__all__, name


def test_the_table_links_every_example():
    linked = re.findall(r"^\| \[[^]]+\]\(#([\w-]+)\)", PAGE, re.MULTILINE)
    assert linked == [title.lower().replace(" ", "-").replace("'", "") for title in EXAMPLES]
