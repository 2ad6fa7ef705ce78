"""Films on disk: DAVIS trees and folders of frames, photographs, and what can be wrong with them."""

import shutil
import urllib.error
import urllib.request
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from hydra_llm.families.flyvis.stimuli import davis
from hydra_llm.families.flyvis.stimuli.base import StimulusError
from hydra_llm.families.flyvis.stimuli.frames import read_frame
from hydra_llm.families.flyvis.stimuli.videos import resample

FRAMES = "JPEGImages/480p"


def test_a_davis_tree_is_rendered_on_the_lattice(make_davis, make_stimulus, lattice):
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis()))
    lengths = stimulus.lengths("train", 100)
    assert sum(lengths) == 100
    seen = stimulus.luminance("train", 0, lengths[0])
    assert seen.shape == (lengths[0], lattice.n_columns)
    assert 0 <= float(seen.min()) < float(seen.max()) <= 1


def test_the_root_may_be_above_the_tree_or_in_the_environment(make_davis, make_stimulus, monkeypatch):
    root = make_davis()
    direct = make_stimulus("DAVIS", davis_root=str(root)).luminance("test", 0, 10)
    assert torch.equal(make_stimulus("DAVIS", davis_root=str(root.parent)).luminance("test", 0, 10), direct)
    monkeypatch.setenv(davis.VARIABLE, str(root))
    assert torch.equal(make_stimulus("DAVIS").luminance("test", 0, 10), direct)


def test_no_video_is_in_two_splits(make_davis, make_stimulus):
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis(n_videos=7)))
    names = {
        split: {stimulus._clip(split, number).video.name for number in range(stimulus._n_clips(split))}
        for split in ("train", "validation", "test")
    }
    assert sum(len(own) for own in names.values()) == len(set().union(*names.values())) == 7
    assert all(names.values())


def test_every_clip_is_shown_before_one_comes_again(make_davis, make_stimulus):
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis()), flip_axes=[0, 1], n_rotations=[0, 2])
    clips = stimulus._n_clips("train")
    assert clips == 3 * 2 * 2
    shown = [stimulus._clip("train", number) for number in range(2 * clips)]
    assert set(Counter(shown[:clips]).values()) == set(Counter(shown[clips:]).values()) == {1}
    assert shown[:clips] != shown[clips:]


def test_symmetries_of_a_clip_permute_its_columns(make_davis, make_stimulus, lattice):
    root = str(make_davis())
    plain = make_stimulus("DAVIS", davis_root=root)
    turned = make_stimulus("DAVIS", davis_root=root, flip_axes=[1], n_rotations=[2])
    video = plain._clip("test", 0).video
    assert turned._clip("test", 0).video == video  # the only one of its split
    order = torch.from_numpy(lattice.symmetry(2, 1))
    assert torch.equal(turned.luminance("test", 0, 10), plain.luminance("test", 0, 10)[:, order])


@pytest.mark.parametrize(("delta_t", "expected"), [(1 / 24, 8), (1 / 48, 15), (0.02, 15), (0.05, 6)])
def test_time_on_film_is_real_time(delta_t, expected, make_davis, make_stimulus):
    """Eight frames at 24 per second last 7 / 24 s from the first to the last."""
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis()), delta_t=delta_t)
    assert stimulus.lengths("train", 1000)[0] == expected
    film = stimulus.luminance("test", 0, expected)
    slow = make_stimulus("DAVIS", davis_root=str(stimulus.root), delta_t=1 / 24).luminance("test", 0, 8)
    for k in range(expected):
        place = k * delta_t * 24
        low = min(int(place + 1e-9), 7)
        between = torch.lerp(slow[low], slow[min(low + 1, 7)], place - low)
        torch.testing.assert_close(film[k], between, atol=1e-5, rtol=0)


def test_no_sequence_is_a_single_frame(make_davis, make_stimulus):
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis()), delta_t=1 / 24)  # eight frames per clip
    assert stimulus.lengths("train", 16) == (8, 8)
    assert stimulus.lengths("train", 17) == (8, 7, 2)
    assert stimulus.lengths("train", 18) == (8, 8, 2)
    assert stimulus.lengths("train", 5) == (5,)


def test_resampling_at_the_film_rate_changes_nothing():
    film = torch.rand(9, 5)
    assert torch.equal(resample(film, 1.0, 9), film)
    torch.testing.assert_close(resample(film, 0.5, 17)[1::2], (film[1:] + film[:-1]) / 2)


def test_long_videos_are_cut_and_short_ones_left_out(make_davis, make_stimulus):
    root = str(make_davis(n_frames=8))
    assert make_stimulus("DAVIS", davis_root=root, delta_t=1 / 24, video_most_frames=5).lengths("train", 99)[0] == 5
    with pytest.raises(StimulusError, match=r"No video below .* has 50 frames"):
        make_stimulus("DAVIS", davis_root=root, video_least_frames=50)


def test_windows_side_by_side_differ(make_davis, make_stimulus):
    stimulus = make_stimulus("DAVIS", davis_root=str(make_davis(size=(400, 64))), vertical_splits=3)
    video = stimulus.videos[0]
    first, second, third = (stimulus._seen(video, k) for k in range(3))
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    whole = make_stimulus("DAVIS", davis_root=str(stimulus.root))._seen(video, 0)
    torch.testing.assert_close(second, whole)  # the middle one is what one window sees


def test_grey_is_luma(tmp_path):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    for name in ("plain.png", "coded.jpg"):
        Image.fromarray(np.kron(colours, np.ones((16, 16, 1), dtype=np.uint8))).save(tmp_path / name, quality=100)
        seen = read_frame(tmp_path / name)[8, 8::16]
        torch.testing.assert_close(seen, torch.tensor([0.299, 0.587, 0.114, 1.0]), atol=0.02, rtol=0)


# ---- faults ----


def test_a_corrupt_jpeg_is_told_before_the_simulation(make_davis, make_stimulus):
    root = make_davis()
    victim = root / FRAMES / "video-1" / "00003.jpg"
    victim.write_bytes(victim.read_bytes()[:300])
    stimulus = make_stimulus("DAVIS", davis_root=str(root))
    with pytest.raises(StimulusError, match=r"00003\.jpg is damaged or cut off"):
        stimulus.prepare("train", 3)


def test_frames_of_two_sizes_are_refused(make_davis, make_stimulus):
    root = make_davis()
    Image.new("RGB", (80, 80)).save(root / FRAMES / "video-0" / "00002.jpg")
    with pytest.raises(StimulusError, match=r"00002\.jpg has \(80, 80\) pixels"):
        make_stimulus("DAVIS", davis_root=str(root)).prepare("train", 3)


def test_too_few_videos_are_refused(make_davis, make_stimulus):
    with pytest.raises(StimulusError, match=r"There must be at least 3 videos, one.*got 2"):
        make_stimulus("DAVIS", davis_root=str(make_davis(n_videos=2))).lengths("train", 10)


def test_a_missing_tree_names_both_remedies(make_stimulus, monkeypatch, tmp_path):
    monkeypatch.delenv(davis.VARIABLE, raising=False)

    def unreachable(*_, **__):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(StimulusError, match=r"sent nothing.*no route to host.*DAVIS_ROOT.*https://.*flyvis_scenes"):
        make_stimulus("DAVIS")
    with pytest.raises(StimulusError, match=r"is no DAVIS tree.*DAVIS_ROOT"):
        make_stimulus("DAVIS", davis_root=str(tmp_path))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".davis.lock"]


@pytest.fixture
def davis_archive(make_davis, tmp_path, monkeypatch):
    """Bytes of an archive in the layout of the official one; nothing else names a tree."""
    monkeypatch.delenv(davis.VARIABLE, raising=False)
    root = make_davis()
    archive = tmp_path / "official.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for path in root.rglob("*.jpg"):
            content.write(path, f"DAVIS/{path.relative_to(root)}")
        content.writestr("DAVIS/Annotations/readme", "not needed")
    return archive.read_bytes()


def test_the_archive_is_unpacked_and_kept(davis_archive, file_server, make_stimulus, monkeypatch, tmp_path):
    server = file_server(davis_archive, cut_after=len(davis_archive) // 2)
    monkeypatch.setattr(davis, "ARCHIVE", server.download)
    shown = [make_stimulus("DAVIS").luminance("test", 0, 5) for _ in range(2)]
    assert torch.equal(*shown)
    assert len(server.ranges) == 2  # cut once, and not asked again for the second stimulus
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [".davis.lock", "DAVIS"]
    assert not (tmp_path / "cache" / "DAVIS" / "Annotations").exists()


def test_a_download_that_does_not_fit_is_not_begun(make_stimulus, monkeypatch):
    monkeypatch.delenv(davis.VARIABLE, raising=False)
    monkeypatch.setattr(davis.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(StimulusError, match=r"DAVIS needs 2\.5 GB"):
        make_stimulus("DAVIS")


# ---- folders ----


def test_photographs_of_scikit_learn_become_video(tmp_path, make_stimulus, lattice):
    photographs = pytest.importorskip("sklearn.datasets").load_sample_images().images
    for k, photograph in enumerate(photographs):
        for part in range(2):  # four photographs of two
            Image.fromarray(photograph[:, 320 * part : 320 * (part + 1)]).save(tmp_path / f"{k}-{part}.jpg")
    stimulus = make_stimulus("folder", stimulus_folder=str(tmp_path), duration=1.0)
    for split in ("train", "validation", "test"):
        (length,) = stimulus.lengths(split, 50)
        seen = stimulus.luminance(split, 0, length)
        assert seen.shape == (50, lattice.n_columns)
        assert 0 <= float(seen.min()) < float(seen.max()) <= 1
        assert float(seen.std(0).mean()) > 0.005


def test_a_photograph_smaller_than_the_eye_is_enlarged(tmp_path, make_stimulus):
    for k in range(3):
        Image.effect_noise((20, 30), 80 + k).save(tmp_path / f"{k}.png")
    seen = make_stimulus("folder", stimulus_folder=str(tmp_path), duration=4.0).luminance("train", 0, 200)
    assert seen.isfinite().all()
    assert float(seen.min()) > 0.05  # the eye never looks beyond the border, where it would be dark


def test_folders_of_frames_are_videos(make_davis, make_stimulus):
    frames = make_davis() / FRAMES
    stimulus = make_stimulus("folder", stimulus_folder=str(frames), video_fps=48.0)
    assert stimulus.lengths("train", 1000)[0] == 8  # 7 / 48 s in steps of 20 ms


def test_an_empty_folder_and_none_at_all_are_refused(tmp_path, make_stimulus):
    with pytest.raises(StimulusError, match="neither images nor folders"):
        make_stimulus("folder", stimulus_folder=str(tmp_path))
    with pytest.raises(StimulusError, match=r"needs simulation\.stimulus_folder"):
        make_stimulus("folder")
    with pytest.raises(StimulusError, match="must be a folder"):
        make_stimulus("folder", stimulus_folder=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("filming", "reason"),
    [
        ({"flip_axes": [7]}, r"flip_axes must be among .*, got \[7\]"),
        ({"flip_axes": []}, "flip_axes and n_rotations"),
        ({"n_rotations": []}, "flip_axes and n_rotations"),
        ({"vertical_splits": 0}, "vertical_splits must be at least 1, got 0"),
        ({"pixels_per_column": 0}, "pixels_per_column must be at least 1, got 0"),
    ],
)
def test_impossible_ways_to_film_are_refused(filming, reason, make_davis, make_stimulus):
    with pytest.raises(ValueError, match=reason):
        make_stimulus("DAVIS", davis_root=str(make_davis()), **filming)


def test_files_are_part_of_the_identity_and_their_place_is_not(make_davis, make_stimulus):
    one, same = make_davis(name="one"), make_davis(name="same")
    keys = make_stimulus("DAVIS", davis_root=str(one)).keys
    assert make_stimulus("DAVIS", davis_root=str(same)).keys == keys
    (same / FRAMES / "video-0" / "00000.jpg").write_bytes(b"another size")
    assert make_stimulus("DAVIS", davis_root=str(same)).keys != keys
