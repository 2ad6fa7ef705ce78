"""Every command of README and documentation is one that its program takes, as a single run and as a sweep."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from hydra_llm.bootstrap import register
from hydra_llm.cli.main import app
from hydra_llm.sweeper.make_spec import make_spec
from hydra_llm.sweeper.options import read_options

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = ("", "bash", "console", "sh")
INLINE = re.compile(r"`((?:python train\.py|hydra-llm) [^`]+)`")
PLACEHOLDER = re.compile(r"\b(?:FOLDER|FILE|NUMBER|COMMAND|X|PATH|REVISION|mine\.py@\S*)\b")
REMARK = re.compile(r" {2,}(?![^']*'(?:[^']*'[^']*')*[^']*$)")  # text in a column of its own, not inside quotes


def commands(program: str) -> Iterator[tuple[str, str]]:
    """(page, command), with continued lines joined, and without variables before it and remarks behind it."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [re.sub(r" *\\\n *", " ", block) for kind, block in FENCE.findall(text) if kind in SHELL]
        lines = [line for block in blocks for line in block.splitlines()]
        for line in [*lines, *INLINE.findall(text)]:
            found = re.search(rf"(?:^|&& |\$\(|^[\w=./-]+ )({re.escape(program)}(?: .*)?)$", line)
            if found:
                yield page.name, REMARK.split(found[1])[0].split(" && ")[0].rstrip(')"')


def cases(program: str) -> list[str]:
    return sorted({command for _, command in commands(program)})


ELSEWHERE = (
    "hydra/launcher=ray",  # in an environment of its own
    "simulation=signal_small_world",  # its page says how to write it
)
TRAIN = [
    command
    for command in cases("python train.py")
    if not PLACEHOLDER.search(command) and not any(word in command for word in ELSEWHERE)
]
TOOL = cases("hydra-llm")


@pytest.fixture
def composed(monkeypatch, tmp_path):
    """Compose a command of train.py as Hydra does, from the root of the repository."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def compose(command: str, mode: RunMode) -> tuple[Hydra, list[str], DictConfig]:
        command = command.replace("=mine.py", "=examples/strategies/rollout_too.py")  # a reader's own file
        given = get_args_parser().parse_args(shlex.split(command, comments=True)[2:])
        register()
        setup_globals()
        GlobalHydra.instance().clear()
        path = create_config_search_path(str(ROOT / "conf"))
        if given.config_dir:
            schema = SearchPathQuery(provider="schema")
            path.prepend("command-line", f"file://{ROOT / given.config_dir}", schema)
        hydra = Hydra.create_main_hydra2("train", path)
        overrides = [*given.overrides, f"hydra.sweep.dir={tmp_path}"]
        cfg = hydra.compose_config("config", overrides, run_mode=mode, with_log_configuration=False)
        HydraConfig.instance().set_config(cfg)
        return hydra, list(given.overrides), cfg

    yield compose
    GlobalHydra.instance().clear()


@pytest.mark.parametrize("command", TRAIN)
def test_a_run_of_the_documentation_has_a_configuration_that_is_accepted(command, composed):
    pytest.importorskip("torch", reason="the science extra is not installed")
    from hydra_llm.schema.fields import check

    words = [word for word in shlex.split(command) if word not in ("-m", "--multirun")]
    _, _, cfg = composed(shlex.join(words), RunMode.RUN)
    with open_dict(cfg):
        cfg.pop("hydra")
    check(cfg)


@pytest.mark.parametrize("command", [command for command in TRAIN if "hydra.mode=RUN" not in command])
def test_a_run_of_the_documentation_is_a_sweep_with_m(command, composed):
    hydra, overrides, cfg = composed(command, RunMode.MULTIRUN)
    if "hydra/sweeper=llm_ucb" not in overrides:
        hydra, overrides, cfg = composed(f"{command} hydra/sweeper=llm_ucb", RunMode.MULTIRUN)
    raw = OmegaConf.to_container(cfg.hydra.sweeper, resolve=True)
    assert isinstance(raw, dict)
    raw.pop("_target_")
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    spec = make_spec({**read_options(raw), "n_parallel": 1}, overrides, context, cfg)
    assert spec.settings.space.free(), "there is something to search"


@pytest.mark.parametrize("command", TOOL)
def test_a_command_line_of_the_documentation_names_commands_and_options_that_exist(command):
    program: Any = typer.main.get_command(app)
    words = shlex.split(command, comments=True)[1:]
    options = {name for parameter in program.params for name in parameter.opts} | {"-h", "--help"}
    options |= {"--install-completion", "--show-completion"}
    if words[0].startswith("-"):
        assert words[0] in options
        return
    if words[0] == "COMMAND":
        return
    assert words[0] in program.commands
    own = {name for parameter in program.commands[words[0]].params for name in parameter.opts} | {"-h", "--help"}
    assert {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)} <= own


def test_the_commands_of_the_pages_are_found():
    assert {"python train.py", "python train.py -m hydra/sweeper=llm_ucb"} <= set(TRAIN)
    assert len(TRAIN) > 40
    assert "hydra-llm doctor outputs/sweeps/mine" in TOOL
