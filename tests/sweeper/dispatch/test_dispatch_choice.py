"""Which dispatch is taken, and what each slot is given."""

import threading

import pytest
from omegaconf import OmegaConf

from hydra_llm.sweeper.dispatch import choice
from hydra_llm.sweeper.errors import SweepError

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
LOCAL = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
RQ = "hydra_plugins.hydra_rq_launcher.rq_launcher.RQLauncher"


def config(target):
    return OmegaConf.create({"hydra": {"launcher": {"_target_": target, "n_jobs": -1}}})


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (BASIC, "basic"),
        (JOBLIB, "joblib"),
        (LOCAL, "submitit"),
        (RQ, "rq"),
        ("hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher", "ray"),
        ("hydra_plugins.lab.array_launcher.ArrayLauncher", "arraylauncher"),
    ],
)
def test_a_launcher_is_known_by_the_words_of_its_target(target, kind):
    assert choice.launcher_kind(config(target)) == kind


@pytest.mark.parametrize(
    ("kind", "n_slots", "mode"),
    [
        ("basic", 1, "fork"),
        ("joblib", 1, "fork"),
        ("arraylauncher", 1, "batch"),
        ("submitit", 1, "batch"),
        ("basic", 2, "fork"),
        ("joblib", 4, "fork"),
        ("submitit", 2, "thread"),
        ("ray", 2, "thread"),
        ("rq", 2, "thread"),
    ],
)
def test_auto_chooses_by_slots_and_launcher_without_a_word(kind, n_slots, mode):
    assert choice.choose("auto", n_slots, kind, hindrance="") == (mode, "")


def test_an_unknown_launcher_gets_batches_and_a_sentence():
    mode, sentence = choice.choose("auto", 2, "arraylauncher", hindrance="")
    assert mode == "batch"
    assert "nothing is known about the launcher arraylauncher" in sentence


def test_a_process_with_threads_is_not_forked_and_says_so():
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        hindrance = choice.fork_hindrance()
        assert "several threads" in hindrance
        assert hindrance in choice.choose("auto", 2, "basic", hindrance)[1]
        with pytest.raises(SweepError, match="several threads"):
            choice.choose("fork", 2, "basic", hindrance)
    finally:
        release.set()
        thread.join()


def test_threads_over_the_basic_launcher_are_refused_with_a_sentence():
    with pytest.raises(SweepError, match="unsafe with the basic launcher"):
        choice.choose("thread", 2, "basic", hindrance="")


def test_the_cores_are_shared_out_and_what_the_user_set_stays(monkeypatch):
    for name in choice.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    environment = choice.thread_environment(3, cores=8)
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["MKL_NUM_THREADS"] == "5"
    assert choice.thread_environment(100, cores=8)["OMP_NUM_THREADS"] == "1"


def test_slots_get_their_devices_in_turn():
    assert choice.gpu_override(1, []) == []
    shown = [choice.gpu_override(slot, [0, "2,3"])[0].partition("=")[2] for slot in range(3)]
    assert shown == ["'0'", "'2,3'", "'0'"]


def test_a_driver_runs_joblib_without_a_pool_of_its_own_and_leaves_the_users_config_alone():
    users = config(JOBLIB)
    assert choice.for_one_job(users).hydra.launcher.n_jobs == 1
    assert users.hydra.launcher.n_jobs == -1
