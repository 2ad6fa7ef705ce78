"""Whose figures a question shows."""

from dataclasses import replace

from search_worlds import OBJECTIVE, SPACE, ended, tree_of, trial

from hydra_llm.search.context import Context
from hydra_llm.search.proposers.llm.prompt_configurations import configurations
from hydra_llm.search.proposers.llm.prompt_figures import figures

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (64).to_bytes(4, "big") * 2


def test_the_figure_of_the_leader_is_of_the_leader_of_the_table(tmp_path):
    told = (  # node 2 has the best value, on an easier recording; node 0 ran on more of them
        (trial(0, None, 0.9), {}),
        (trial(1, None, 0.7), {"seed": 1}),
        (trial(2, 0, 0.95, depth=5), {"seed": 2}),
        (trial(3, 0, 0.2, depth=6), {}),
    )
    every = []
    for run, seeds in told:
        folder = tmp_path / str(run.number) / "sketches"
        folder.mkdir(parents=True)
        (folder / "recovery.png").write_bytes(PNG)
        every.append(ended(replace(run, seeds=seeds), folder=str(folder.parent)))
    context = Context(SPACE, OBJECTIVE, tree_of(*every), every, (), seed_keys=("seed",), ceiling=1.0)
    assert "| 0 leader" in configurations(context).text
    found, _ = figures(context, room=100_000)
    assert [image.name for image in found] == ["newest trial 3: recovery", "leader trial 1: recovery"]
