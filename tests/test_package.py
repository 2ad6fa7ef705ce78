"""The installed package: Hydra discovers the plugin from a wheel and from an editable install, away from the checkout.

Each environment is fresh and gets the package alone; its dependencies are borrowed from the environment of the tests
by a .pth file, whose own .pth files (the editable install among them) are not read.
"""

import json
import shutil
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from pyproject_hooks import BuildBackendHookCaller

from programs import PYTHON, environment, finish

ROOT = Path(__file__).resolve().parents[1]
TOY_APP = ROOT / "tests" / "sweeper" / "toy_app"
PLUGIN = "hydra_plugins/hydra_llm_ucb_sweeper"

DISCOVERY = """
import json
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
found = [c.__module__ + ":" + c.__name__ for c in Plugins.instance().discover(Sweeper)]
import hydra_llm, hydra_plugins.hydra_llm_ucb_sweeper as plugin
from hydra_llm.llm.instructions import instruction_names, instructions_folder
print(json.dumps({
    "sweepers": found, "package": hydra_llm.__file__, "plugin": plugin.__file__,
    "instructions": instruction_names(), "instructions_folder": str(instructions_folder()),
}))
"""


def run(python: Path | str, *arguments: str, cwd: Path) -> str:
    return finish([str(python), *arguments], cwd, environment("PYTHONPATH")).stdout


def fresh_environment(folder: Path, wheel: Path) -> Path:
    """A new virtual environment with the wheel; returns its Python."""
    run(PYTHON, "-m", "venv", "--without-pip", str(folder), cwd=folder.parent)
    python = folder / "bin" / "python"
    run(
        PYTHON,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        str(wheel),
        cwd=folder.parent,
    )
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=folder).strip())
    (own / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Wheel made from the sdist made from the checkout, as for an index."""
    folder = tmp_path_factory.mktemp("dist")
    run(PYTHON, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def from_wheel(built: Path, tmp_path_factory) -> Path:
    return fresh_environment(tmp_path_factory.mktemp("wheel") / "venv", built)


@pytest.fixture(scope="module")
def editable(tmp_path_factory) -> Path:
    """What `pip install -e .` asks the build backend for, in an environment that is not that of the tests."""
    folder = tmp_path_factory.mktemp("editable")
    backend = BuildBackendHookCaller(str(ROOT), "hatchling.build")
    wheel = folder / backend.build_editable(str(folder))
    return fresh_environment(folder / "venv", wheel)


def look(python: Path | str, cwd: Path) -> dict:
    return json.loads(run(python, "-c", DISCOVERY, cwd=cwd).splitlines()[-1])


def assert_one_sweeper(seen: dict) -> None:
    ours = [name for name in seen["sweepers"] if name.endswith(":LlmUcbSweeper")]
    assert ours == ["hydra_plugins.hydra_llm_ucb_sweeper.llm_ucb_sweeper:LlmUcbSweeper"]


def test_the_environment_of_the_tests_discovers_the_plugin_from_a_neutral_directory(tmp_path):
    assert_one_sweeper(look(PYTHON, tmp_path))


@pytest.mark.slow
def test_the_plugin_is_discovered_from_a_wheel(from_wheel, tmp_path):
    seen = look(from_wheel, tmp_path)
    assert_one_sweeper(seen)
    prefix = str(from_wheel.parents[1])
    assert seen["package"].startswith(prefix)
    assert seen["plugin"].startswith(prefix)


@pytest.mark.slow
def test_the_plugin_is_discovered_from_an_editable_install(editable, tmp_path):
    seen = look(editable, tmp_path)
    assert_one_sweeper(seen)
    assert seen["package"].startswith(str(ROOT / "src"))
    assert seen["plugin"].startswith(str(ROOT / "hydra_plugins"))
    assert seen["instructions_folder"] == str(ROOT / "instructions")


@pytest.mark.slow
def test_an_editable_install_copies_nothing_that_could_age(editable):
    (library,) = (editable.parents[1] / "lib").glob("python3.*/site-packages")
    assert not (library / "hydra_llm").exists()
    assert not (library / "hydra_plugins").exists()


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["from_wheel", "editable"])
def test_a_foreign_application_can_be_swept(environment, request, tmp_path):
    python = request.getfixturevalue(environment)
    shutil.copytree(TOY_APP, tmp_path / "app")
    arguments = ["hydra/sweeper=llm_ucb", "hydra.sweeper.n_trials=3", "hydra.sweeper.proposer=rules"]
    run(python, "app.py", "-m", *arguments, "hydra.sweep.dir=sweep", cwd=tmp_path / "app")
    assert (tmp_path / "app" / "sweep" / "optimization_results.yaml").is_file()


@pytest.mark.slow
def test_the_wheel_and_the_sdist_are_as_an_index_wants_them(built):
    files = [str(path) for path in built.parent.iterdir()]
    run(PYTHON, "-m", "twine", "check", "--strict", *files, cwd=ROOT)
    run(PYTHON, "-m", "check_wheel_contents", str(built), cwd=ROOT)


@pytest.mark.slow
def test_the_command_of_the_wheel_looks_at_its_installation(from_wheel, tmp_path):
    command = from_wheel.parent / "hydra-llm"
    found = run(command, "doctor", cwd=tmp_path)
    assert "ok     sweeper plugin: Hydra finds it" in found
    shown = run(command, "--version", cwd=tmp_path).split()
    asked = run(from_wheel, "-c", "import hydra_llm; print(hydra_llm.__version__)", cwd=tmp_path)
    assert shown == ["hydra-llm", asked.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["from_wheel", "editable"])
def test_every_regime_can_be_composed_away_from_the_checkout(environment, request, tmp_path):
    pytest.importorskip("torch", reason="the science extra is not installed")
    command = request.getfixturevalue(environment).parent / "hydra-llm-train"
    for regime in ("signal_dale", "metabolism_small"):
        composed = run(command, "--cfg", "job", f"simulation={regime}", "experiment=adam_baseline", cwd=tmp_path)
        assert "_target_: hydra_llm.families." in composed
    shown = run(command, "--info", "searchpath", cwd=tmp_path)
    here = ROOT if environment == "editable" else Path(command).parents[1]
    assert str(here) in shown


@pytest.mark.slow
def test_the_sdist_carries_both_commands(built):
    with tarfile.open(next(built.parent.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "constraints.txt", "scripts/install.py", "scripts/check.py", "LICENSE", "train.py"} <= names


@pytest.mark.slow
def test_the_wheel_holds_one_plugin_and_leaves_the_namespace_open(built):
    names = zipfile.ZipFile(built).namelist()
    assert names.count(f"{PLUGIN}/__init__.py") == 1
    assert "hydra_plugins/__init__.py" not in names
    assert {name.split("/")[1] for name in names if name.startswith("hydra_plugins/")} == {Path(PLUGIN).name}
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"hydra_llm", "hydra_plugins"}


@pytest.mark.slow
def test_every_module_of_the_checkout_is_in_the_wheel(built):
    names = set(zipfile.ZipFile(built).namelist())
    modules = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src").rglob("*.py")}
    modules |= {str(p.relative_to(ROOT)) for p in (ROOT / "hydra_plugins").rglob("*.py")}
    assert modules <= names


@pytest.mark.slow
def test_types_and_configuration_travel_in_the_wheel(built):
    names = set(zipfile.ZipFile(built).namelist())
    assert "hydra_llm/py.typed" in names
    configuration = {f"hydra_llm/{path.relative_to(ROOT)}" for path in (ROOT / "conf").rglob("*.yaml")}
    assert len(configuration) > 50
    assert configuration <= names


@pytest.mark.slow
def test_the_parts_of_the_report_travel_in_the_wheel(built):
    names = set(zipfile.ZipFile(built).namelist())
    assets = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src/hydra_llm/report/assets").iterdir()}
    assert {Path(name).suffix for name in assets} == {".css", ".js", ".j2"}
    assert assets <= names


@pytest.mark.slow
def test_the_instructions_travel_in_the_wheel(from_wheel, tmp_path):
    seen = look(from_wheel, tmp_path)
    names = {path.stem for path in (ROOT / "instructions").glob("[!_]*.md")}
    assert seen["instructions"] == sorted(name for name in names if not name.endswith("_memory"))
    folder = Path(seen["instructions_folder"])
    assert folder.is_relative_to(from_wheel.parents[1])
    here = {path.name for path in (ROOT / "instructions").iterdir() if path.is_file()}
    assert {path.name for path in folder.iterdir() if path.is_file()} == here  # log formats and start memories too


@pytest.mark.slow
def test_the_sweeper_loads_no_science(from_wheel, tmp_path):
    """The base install has no torch: nothing on the way to a sweep may import it."""
    code = (
        "import sys, hydra_llm.sweeper.run, hydra_llm.report.tree_figure\n"
        "print(sorted({'torch', 'lightning', 'torch_geometric', 'wandb', 'sklearn'} & set(sys.modules)))"
    )
    assert run(from_wheel, "-c", code, cwd=tmp_path).strip() == "[]"
