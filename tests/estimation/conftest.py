import pytest
import torch

from hydra_llm.estimation.recorded import Recorded


@pytest.fixture
def true_A():
    return torch.tensor([[-0.3, -2.0], [2.0, -0.3]], dtype=torch.float64)


@pytest.fixture
def rotor(true_A):
    """du/dt [batch, 2] = A u + input: a damped oscillator, driven where there is an input."""
    return linear(true_A)


@pytest.fixture
def record(true_A):
    """record(n_frames, ...): the rotor, exact, with noise of either kind; restarts every `sequence` frames."""

    def simulate(n_frames, *, process=0.0, measurement=0.0, driven=False, delta_t=0.05, sequence=None, seed=0):
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape):
            return torch.randn(shape, generator=generator, dtype=torch.float64)

        external = normal(n_frames, 2) if driven else None
        over_a_frame = torch.matrix_exp(delta_t * true_A)
        of_input = torch.linalg.solve(true_A, over_a_frame - torch.eye(2, dtype=torch.float64))
        kicks, restarts = process * normal(n_frames, 2), normal(n_frames, 2)
        u, frames = torch.tensor([1.0, 0.5], dtype=torch.float64), []
        for k in range(n_frames):
            u = restarts[k] if sequence and k % sequence == 0 else u
            frames.append(u)
            u = over_a_frame @ u + kicks[k]
            if external is not None:
                u = u + of_input @ external[k]
        activity = torch.stack(frames) + measurement * normal(n_frames, 2)
        starts = torch.arange(0, n_frames, sequence) if sequence else None
        return Recorded(activity, external, delta_t, starts)

    return simulate


@pytest.fixture
def regress():
    """Least squares for the matrix A of du/dt = A u [+ input] from Frames."""

    def fit(frames):
        target = frames.target if frames.external is None else frames.target - frames.external
        return torch.linalg.lstsq(frames.activity, target).solution.T

    return fit


@pytest.fixture
def recover(regress):
    """recover(method, recorded): A after as many refinements as the method asks for, beginning without any."""

    def run(method, recorded, n_refinements=None):
        A = regress(method.frames(recorded))
        for _ in range(method.n_refinements if n_refinements is None else n_refinements):
            A = regress(method.refine(recorded, linear(A)))
        return A

    return run


def linear(A):
    def field(u, external):
        return u @ A.T if external is None else u @ A.T + external

    return field
