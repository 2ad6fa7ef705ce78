import re

import pytest

from hydra_llm.report.errors import FigureError
from hydra_llm.report.paper_layout import SMALL_TYPE
from hydra_llm.report.paper_tree import draw_paper_tree, layout_of
from hydra_llm.search.log.reader import read_sweep


@pytest.mark.parametrize(("suffix", "head"), [(".pdf", b"%PDF"), (".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_the_figure_is_written_in_each_format_and_replaced_in_one_step(sweep_folder, tmp_path, suffix, head):
    path = draw_paper_tree(tmp_path / f"tree{suffix}", read_sweep(sweep_folder))
    assert path.read_bytes().startswith(head)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_equal_sweeps_give_equal_files(sweep_folder, tmp_path):
    sweep = read_sweep(sweep_folder)
    a, b = (draw_paper_tree(tmp_path / name, sweep).read_bytes() for name in ("a.svg", "b.svg"))
    assert a == b


def test_every_configuration_of_every_block_is_drawn_once(sweep_folder):
    sweep = read_sweep(sweep_folder)
    page = layout_of(sweep, "all")
    assert {b: set(panel.nodes) for b, panel in page.panels.items()} == {
        b: {node.id for node in tree} for b, tree in sweep.state.trees.items()
    }
    assert len(page.panels) == 3


def test_type_is_never_smaller_than_six_points(sweep_folder, tmp_path, monkeypatch):
    from matplotlib.text import Text

    sizes = []
    draw = Text.draw

    def seen(self, *arguments, **more):
        if self.get_text():
            sizes.append(self.get_fontsize())
        return draw(self, *arguments, **more)

    monkeypatch.setattr(Text, "draw", seen)
    draw_paper_tree(tmp_path / "tree.pdf", read_sweep(sweep_folder), labels="all")
    assert len(sizes) > 60
    assert min(sizes) >= SMALL_TYPE >= 6.0


def test_dollars_in_a_mutation_are_no_formula(hostile_folder, tmp_path):
    assert draw_paper_tree(tmp_path / "tree.png", read_sweep(hostile_folder)).stat().st_size > 0


def test_a_large_tree_is_reduced_to_its_most_telling_part_with_the_best_in_it(sweep_folder):
    sweep = read_sweep(sweep_folder)
    page = layout_of(sweep, "none", most=8)
    best = sweep.state.best()
    assert best is not None
    assert max(len(panel.nodes) for panel in page.panels.values()) <= 8
    assert sweep.state.trees[best.block].node(best.number).id in page.panels[best.block].nodes


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [("x.gif", {}, "must end in one of .pdf, .svg, .png, got "), ("x.pdf", {"blocks": [9]}, "no block 9")],
)
def test_what_can_not_be_drawn_is_said(sweep_folder, tmp_path, name, more, sentence):
    with pytest.raises(FigureError, match=re.escape(sentence)):
        draw_paper_tree(tmp_path / name, read_sweep(sweep_folder), **more)
