"""Sweeps that several tests of the report read; none of them changes the folder."""

from pathlib import Path

import pytest
from report_worlds import HOSTILE, long_sweep

from hydra_llm.report.page import write_report


@pytest.fixture(scope="session")
def sweep_folder(tmp_path_factory) -> Path:
    """60 trials in three blocks, with failures, reruns, words, a confirmation, and its report."""
    folder = tmp_path_factory.mktemp("sweep")
    long_sweep(folder, 60, 20)
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory) -> Path:
    """Texts of runs and models that try to break out of the page."""
    folder = tmp_path_factory.mktemp("hostile")
    long_sweep(folder, 16, 8, hostile=HOSTILE)
    write_report(folder)
    return folder
