import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.systems.threads import SMALL, threads_for  # noqa: E402


@pytest.fixture(autouse=True)
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_system_computes_on_one_core_and_gives_the_others_back():
    with threads_for(SMALL, None):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_a_large_system_keeps_its_cores():
    with threads_for(SMALL + 1, None):
        assert torch.get_num_threads() == 2


def test_cores_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError), threads_for(1, None):
        1 / 0
    assert torch.get_num_threads() == 2


def test_what_is_asked_for_wins():
    with threads_for(SMALL + 1, 1):
        assert torch.get_num_threads() == 1
