import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from hydra_llm.systems.threads import SMALL, one_thread  # noqa: E402


@pytest.fixture(autouse=True)
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_system_computes_on_one_core_and_gives_the_others_back():
    with one_thread(SMALL):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_a_large_system_keeps_its_cores():
    with one_thread(SMALL + 1):
        assert torch.get_num_threads() == 2


def test_cores_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError), one_thread(1):
        1 / 0
    assert torch.get_num_threads() == 2
