"""A recording as the data of a fit."""

import pytest
import torch

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.store import DatasetStore
from hydra_llm.schema.target import TargetKeys
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.simulation import simulate


@pytest.fixture
def dataset(make_signal_system, tmp_path):
    quiet = {"enable_progress_bar": False}
    return simulate(
        make_signal_system(), DatasetStore(tmp_path), writer=DatasetWriter, callbacks=(), oracle=True, **quiet
    ).path


@pytest.mark.parametrize("target", ["drift", "auto"])
def test_meanwhile_the_last_training_frames_validate_and_are_not_trained_on(dataset, target):
    data = RecordingDataModule(dataset, TargetKeys(target=target))
    train, validation = data.frames("train"), data.frames("validation")
    whole = data.recorded("train").activity
    cut = round(0.9 * len(whole))
    with data.kept_back(0.1):
        torch.testing.assert_close(data.recorded("train").activity, whole[:cut])
        torch.testing.assert_close(data.recorded("validation").activity, whole[cut:])
        inside, kept = data.frames("train"), data.frames("validation")
        assert inside.n_frames + kept.n_frames <= len(whole)
        middle = inside.n_frames // 2
        torch.testing.assert_close(inside.target[:middle], train.target[:middle])
    assert data.frames("train") is train
    assert data.frames("validation") is validation
