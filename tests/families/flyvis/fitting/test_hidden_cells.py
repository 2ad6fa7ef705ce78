"""Hidden neurons of the tiny eye: what is known of them, and their activity by the law of their counterparts."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the science extra is not installed")

from omegaconf import OmegaConf  # noqa: E402

from hydra_llm.families.fitting import FitContext  # noqa: E402
from hydra_llm.families.flyvis.config import FlyvisGNNConfig, FlyvisTraining  # noqa: E402
from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator  # noqa: E402
from hydra_llm.families.flyvis.fit import fit  # noqa: E402
from hydra_llm.families.flyvis.fitting.closed_form import write  # noqa: E402
from hydra_llm.families.flyvis.fitting.frame_map import FrameMap  # noqa: E402
from hydra_llm.families.flyvis.fitting.hidden_cells import reconstructed  # noqa: E402
from hydra_llm.families.flyvis.fitting.partial_eye import PartialEye  # noqa: E402
from hydra_llm.families.flyvis.fitting.regressions import Coefficients  # noqa: E402
from hydra_llm.families.flyvis.model.build import flyvis_gnn  # noqa: E402
from hydra_llm.families.flyvis.model.graph import known_graph  # noqa: E402


def trained(dataset, folder, **keys):
    """A fit with relu known, and its scores."""
    training = {"seed": 0, "max_steps": 0, "closed_form": True, "flow_rounds": 3, "rollout_frames": 40, **keys}
    training = OmegaConf.merge(OmegaConf.structured(FlyvisTraining), {**training, "must_beat": []})
    model = OmegaConf.merge(OmegaConf.structured(FlyvisGNNConfig), {"message_form": "relu"})
    context = FitContext(folder=folder, trainer={"accelerator": "cpu", "enable_progress_bar": False})
    found = fit(dataset.path, model, training, context)
    evaluator = FlyvisEvaluator(dataset, training)
    return found, evaluator.score(found, evaluator.oracle()).metrics


def test_the_wiring_of_hidden_neurons_is_known_and_their_activity_is_not(recorded):
    dataset = recorded()
    observations, hidden = dataset.observations(), dataset.truth()["hidden"]
    eye = PartialEye.of(observations)
    assert torch.equal(eye.hidden, hidden.nonzero().ravel())
    assert torch.equal(eye.graph["edge_index"], dataset.truth()["edge_index"])
    assert torch.equal(eye.neuron[observations.structure("edge_index")], eye.graph["edge_index"][:, eye.edge])
    assert observations.split("train").activity.shape[1] == len(eye.neuron)
    light, seen = observations.split("train").external, observations.structure("input_index")
    where = torch.isin(eye.graph["input_index"], eye.neuron[seen]).numpy()
    assert (light == observations.whole_external("train")[:, where]).all()


def test_the_true_law_reconstructs_hidden_activity_without_noise(recorded):
    dataset = recorded(noise_model_level=0.0)
    observations, truth = dataset.observations(), dataset.truth()
    eye = PartialEye.of(observations)
    generator = torch.Generator().manual_seed(0)
    net = flyvis_gnn(graph=known_graph(observations), generator=generator, dtype=torch.float64, message_form="relu")
    whole = eye.whole(net)
    rate, target = 1 / truth["tau"], eye.graph["edge_index"][1]
    write(whole, Coefficients(truth["W"] * rate[target], rate, rate * truth["v_rest"], torch.zeros_like(rate)))
    split, dt = observations.split("test"), float(observations.meta["delta_t"])
    activity, light = (torch.tensor(np.asarray(part)) for part in (split.activity, observations.whole_external("test")))
    true = torch.tensor(np.asarray(dataset.states("test")))
    law = FrameMap(whole, (float(true.min()), float(true.max())), dt)
    with torch.no_grad():
        states = reconstructed(law, activity, light, observations.structure("sequence_start_test"), eye)
    error = (states - true)[:, eye.hidden].square().mean() / true[:, eye.hidden].var(dim=0).mean()
    assert float(error) < 1e-3
    assert torch.equal(states[:, eye.neuron], activity)


@pytest.mark.slow
def test_reconstructed_activity_recovers_more_than_silence(recorded, tmp_path):
    dataset = recorded(noise_model_level=0.01)
    found, scores = trained(dataset, tmp_path / "a")
    _, silent = trained(dataset, tmp_path / "b", hidden_activity="silenced")
    assert scores["connectivity_R2_neuron_median"] > silent["connectivity_R2_neuron_median"]
    assert scores["hidden_activity_pearson"] > 0.2  # a short recording of an eye of five types
    assert scores["n_hidden_neurons"] == len(PartialEye.of(dataset.observations()).hidden)
    assert len(found.net.W) == len(dataset.truth()["observed_edge"])


def test_reconstruction_without_prediction_errors_is_refused(recorded, tmp_path):
    with pytest.raises(ValueError, match="hidden_activity=reconstructed needs"):
        trained(recorded(), tmp_path, hidden_activity="reconstructed", flow_rounds=0)
