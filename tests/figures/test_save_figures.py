import numpy as np
import pytest
from figure_cases import waves
from matplotlib.image import imread

from hydra_llm.figures.save import save
from hydra_llm.figures.spectrum import spectrum


@pytest.fixture
def figure():
    return spectrum(waves(50, 3))


def test_each_figure_becomes_a_png_of_its_name_at_150_dots_per_inch(tmp_path, figure):
    folder = tmp_path / "run" / "figures"
    assert save({"a": figure, "b": figure}, folder) == [folder / "a.png", folder / "b.png"]
    pixels = imread(folder / "a.png")
    width, height = figure.get_size_inches()
    assert pixels.shape[:2] == (round(150 * height), round(150 * width))
    assert np.ptp(pixels[..., :3]) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.png"]


def test_equal_figures_give_equal_files(tmp_path, figure):
    first, second = save({"a": figure, "b": spectrum(waves(50, 3))}, tmp_path)
    assert first.read_bytes() == second.read_bytes()


def test_a_figure_that_fails_to_draw_leaves_the_old_file_and_no_remains(tmp_path, figure):
    (path,) = save({"a": figure}, tmp_path)
    before = path.read_bytes()
    broken = spectrum(waves(50, 3))
    broken.axes[0].set_title("$\\unknown{$")  # mathematics that cannot be typeset
    with pytest.raises(ValueError, match="unknown"):
        save({"a": broken}, tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_is_named_in_the_error(tmp_path, figure):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"a\.png cannot be written"):
        save({"a": figure}, tmp_path / "file")


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path, figure, name):
    with pytest.raises(ValueError, match="name must be without slashes"):
        save({name: figure}, tmp_path)
    assert list(tmp_path.iterdir()) == []
