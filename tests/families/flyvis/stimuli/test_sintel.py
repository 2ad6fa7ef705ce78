"""Films in the layout of MPI Sintel are read by path, and a wrong part of that tree is named."""

import pytest
import torch

from hydra_llm.families.flyvis.stimuli.base import StimulusError
from sintel_tree import SCENES, write_sintel


def test_scenes_of_sintel_are_videos(tmp_path, make_stimulus, lattice):
    folder = write_sintel(tmp_path / "MPI-Sintel") / "training" / "clean"
    stimulus = make_stimulus("folder", stimulus_folder=str(folder), delta_t=1 / 24)
    assert sorted(video.name for video in stimulus.videos) == sorted(SCENES)
    assert [path.name for path in stimulus.videos[0].paths][:2] == ["frame_0001.png", "frame_0002.png"]
    seen = stimulus.luminance("train", 0, 8)
    assert seen.shape == (8, lattice.n_columns)
    assert not torch.equal(seen[0], seen[-1])


@pytest.mark.parametrize("part", ["", "training"])
def test_a_folder_above_the_scenes_names_those_that_may_be_meant(part, tmp_path, make_stimulus):
    root = write_sintel(tmp_path / "MPI-Sintel")
    with pytest.raises(StimulusError, match=r"one folder of images per video") as told:
        make_stimulus("folder", stimulus_folder=str(root / part))
    assert str(root / "training" / "clean") in str(told.value)
    assert "flow" not in str(told.value)


def test_a_folder_of_flow_fields_is_no_video(tmp_path, make_stimulus):
    root = write_sintel(tmp_path / "MPI-Sintel")
    with pytest.raises(StimulusError, match=r"The folders in .*flow hold no images \(4 folders\)\. Expected one"):
        make_stimulus("folder", stimulus_folder=str(root / "training" / "flow"))


def test_scenes_shorter_than_asked_for_name_the_key(tmp_path, make_stimulus):
    folder = write_sintel(tmp_path / "MPI-Sintel") / "training" / "final"
    with pytest.raises(
        StimulusError, match=r"has 50 frames or more \(4 folders\).*lower simulation\.video_least_frames"
    ):
        make_stimulus("folder", stimulus_folder=str(folder), video_least_frames=50)
