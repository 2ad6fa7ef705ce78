import struct
from pathlib import Path

from hydra_llm.report.tree_figure import draw_tree
from hydra_llm.search.proposers.registry import make_proposer
from hydra_llm.search.selection.registry import make_policy
from hydra_llm.search.settings import Settings
from hydra_llm.search.space.space import Float, Space
from hydra_llm.search.study import Study
from hydra_llm.search.trial.objective import Objective
from hydra_llm.search.trial.outcome import Outcome
from hydra_llm.search.trial.trial import TrialError, TrialState
from programs import imported


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def drawn(folder: Path, n_trials: int) -> Path:
    space = Space((Float(name="x", low=0, high=1, default=0.9),))
    wanted = Settings(space=space, objective=Objective("loss", "minimize"), n_trials=n_trials, n_parallel=1, seed=0)
    study = Study(folder, wanted, make_policy("puct_rank", None), make_proposer("random", {}), argv=[])
    for number in range(n_trials - 1):
        (trial,) = study.launched(study.ask(1))
        failed = Outcome(TrialState.FAILED, error=TrialError("Boom", "x"))
        done = Outcome(TrialState.COMPLETED, value=trial.values["x"] ** 2)
        study.tell(trial.number, failed if number == 2 else done)
    study.launched(study.ask(1))  # one is still running
    draw_tree(folder / "figures" / "tree.png", study.state, wanted, study.ranking())
    return folder / "figures" / "tree.png"


def test_the_figure_grows_with_the_number_of_nodes_so_that_labels_never_overlap(tmp_path):
    few, many = png_size(drawn(tmp_path / "a", 5)), png_size(drawn(tmp_path / "b", 40))
    assert few[0] == many[0]
    assert many[1] > 40 * 0.25 * 120 > few[1]  # a quarter of an inch per row at 120 dots


def test_the_figure_is_replaced_in_one_step(tmp_path):
    path = drawn(tmp_path, 5)
    assert [p.name for p in path.parent.iterdir()] == ["tree.png"]


def test_importing_the_report_loads_no_plotting_library():
    assert imported("import hydra_llm.report.tree_figure", "matplotlib") == []
