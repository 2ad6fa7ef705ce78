"""What is recovered of the units that are recorded while others are hidden, beside the oracles, over seeds.

python benchmarks/hidden_units.py --parameters flow/0000/000/best_chkpt
python benchmarks/hidden_units.py --families signal --seeds 0,1,2,3,4
python benchmarks/hidden_units.py --families fly --extents 1 --shares 0.1 --fits reconstructed

Runs are kept in results/hidden_units.jsonl as they end, and not repeated; the table is of all that are there.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from _report import RESULTS, ROOT, mean_sd_least, publish
from _stored import store, stored
from _train import run

FUNCTIONS_KNOWN = "latent inputs, functions known"
FITS = {
    "fly": {
        "reconstructed": (),
        "silenced": ("training.hidden_activity=silenced",),
        "law known, reconstructed": ("model=flyvis_known_ode", "training=flyvis_closed_form"),
        "law known, silenced": (
            *("model=flyvis_known_ode", "training=flyvis_closed_form"),
            "training.hidden_activity=silenced",
        ),
    },
    "signal": {"latent inputs": ("training.latent_inputs=auto",), FUNCTIONS_KNOWN: ()},
}
REGIMES = ("signal_chaotic", "signal_sparse", "signal_noisy")
SHARES = {"fly": (0.1, 0.2), "signal": (0.05, 0.1, 0.2)}
SCORES = {
    "W": "connectivity_R2",
    "W, hidden silent": "silenced_connectivity_R2",
    "90 % hold": "connectivity_coverage_90",
    "mean z2": "connectivity_mean_z2",
    "W slope": "connectivity_R2_slope",
    "W, median neuron": "connectivity_R2_neuron_median",
    "tau": "tau_R2",
    "V_rest": "V_rest_R2",
    "V_rest, median error": "V_rest_median_error",
    "hidden activity, r": "hidden_activity_pearson",
    "latent inputs": "n_latent_inputs",
    "oracle W, hidden given": "oracle_connectivity_R2",
    "oracle W, hidden silent": "oracle_silenced_connectivity_R2",
}
DIGITS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Recovery of recorded units while others are hidden, over seeds.")
    parser.add_argument("--families", default="fly,signal")
    parser.add_argument("--extents", default="1,2", help="of the fly's eye")
    parser.add_argument("--regimes", default=",".join(REGIMES), help="of the signal family")
    parser.add_argument("--shares", default=None, help="of hidden units; default: 0.1,0.2 (fly), 0.05,0.1,0.2 (signal)")
    parser.add_argument("--fits", default=None, help="names, separated by semicolons; default: all")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated seeds of data and training")
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    parser.add_argument("--parameters", default="varied", help="path of a trained flyvis network")
    parser.add_argument("--override", nargs="*", default=[], help="further overrides of train.py, for all runs")
    parser.add_argument("--runs", type=Path, default=RESULTS / "hidden_units.jsonl", help="where runs are kept")
    parser.add_argument("--table", action="store_true", help="run nothing, write the table of what is there")
    options = parser.parse_args()
    if not options.table:
        for case in cases(options):
            add(case, options)
    publish("hidden_units", "Hidden units", rows(options.runs), packages=("torch", "lightning"), note=NOTE)


def cases(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for family in options.families.split(","):
        regimes = [f"extent {n}" for n in options.extents.split(",")] if family == "fly" else options.regimes.split(",")
        shares = SHARES[family] if options.shares is None else [float(share) for share in options.shares.split(",")]
        fits = FITS[family] if options.fits is None else options.fits.split(";")
        for seed in map(int, options.seeds.split(",")):
            for regime in regimes:
                for share in shares:
                    for fit in fits:
                        yield {"family": family, "regime": regime, "hidden": share, "fit": fit, "seed": seed}


def add(case: dict[str, Any], options: argparse.Namespace) -> None:
    if any(kept["case"] == case for kept in stored(options.runs)):
        return
    words = [f"simulation.n_hidden_neurons={case['hidden']}", f"seed={case['seed']}", "callbacks.figures=false"]
    if case["family"] == "fly":
        words += ["simulation=flyvis_scenes", f"simulation.extent={case['regime'].removeprefix('extent ')}"]
        words.append(f"simulation.parameters={options.parameters}")
        words += [] if options.connectome is None else [f"simulation.connectome={options.connectome}"]
    else:
        words.append(f"simulation={case['regime']}")
    began = time.perf_counter()
    if case["fit"] == FUNCTIONS_KNOWN:
        metrics = functions_known(case["regime"], case["hidden"], case["seed"])
    else:
        metrics = run(*words, *options.override, *FITS[case["family"]][case["fit"]]).metrics
    found = {name: float(f"{metrics[key]:.6g}") for name, key in SCORES.items() if key in metrics}
    store(options.runs, {"case": case, "scores": found, "seconds": round(time.perf_counter() - began)})


def functions_known(regime: str, share: float, seed: int) -> dict[str, float]:
    """W between recorded neurons from their recording, message and update known: beside latent inputs, and alone."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from hydra_llm.bootstrap import register
    from hydra_llm.estimation.differences import Difference
    from hydra_llm.estimation.recorded import Recorded
    from hydra_llm.families.signal.fitting.given_functions import Terms, weights_given_functions
    from hydra_llm.families.signal.fitting.latent_inputs import directions_of, least_squares, number_of_latent_inputs
    from hydra_llm.families.signal.fitting.weights_beside_latents import beside_latent_inputs
    from hydra_llm.families.signal.system import RateField, recorded_part, signal_system
    from hydra_llm.metrics.intervals import interval_metrics
    from hydra_llm.metrics.scores import identity_r2
    from hydra_llm.systems.random_streams import stream

    register()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", [f"simulation={regime}", f"simulation.n_hidden_neurons={share}", f"seed={seed}"])
    keys = OmegaConf.to_container(cfg.simulation, resolve=True)
    system = signal_system(**{name: value for name, value in keys.items() if name != "_target_"})
    running = system.start()
    activity = torch.cat(
        [part.activity for cut in system.segments() for part in running.advance(cut) if part.split == "train"]
    )
    known = recorded_part(system.truth(), system.recorded_units)
    law = RateField.from_truth(known, system.config.phi, system.input_mode, torch.float64)
    order = "forward" if system.noise.level > 0 else "eighth"
    frames = Difference(order).frames(Recorded(activity.double(), None, system.delta_t))
    terms = Terms(law.message(frames.activity), frames.target - law.intrinsic(frames.activity))
    left = least_squares(terms)
    number = number_of_latent_inputs(left, stream(seed, "controls/latent_inputs"))
    regression = weights_given_functions(terms)
    W = alone = torch.from_numpy(regression.value)
    error = regression.error
    if number:
        draws = stream(seed, "controls/hidden_for_a_trial")
        found = beside_latent_inputs(terms, directions_of(left, number, None), draws)
        W, error = found.W, found.error
    true, off = law.effective_connectivity, ~torch.eye(len(alone), dtype=torch.bool)
    return {
        "n_latent_inputs": float(number),
        "connectivity_R2": float(identity_r2(W[off], true[off])),
        "silenced_connectivity_R2": float(identity_r2(alone[off], true[off])),
        "connectivity_mean_z2": float(((W - true)[off] / torch.from_numpy(error)[off]).square().mean()),
        **interval_metrics(W[off].numpy(), error[off.numpy()], true[off].numpy(), prefix="connectivity"),
    }


def rows(path: Path) -> Iterable[dict[str, object]]:
    table: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for kept in stored(path):
        case = kept["case"]
        table.setdefault((case["family"], case["regime"], case["hidden"], case["fit"]), []).append(kept)
    built = []
    for (family, regime, share, fit), runs in sorted(table.items()):
        shown = {
            name: mean_sd_least([one["scores"][name] for one in runs if name in one["scores"]], DIGITS)
            for name in SCORES
        }
        where = f"fly, {regime}" if family == "fly" else regime
        built.append({"regime": where, "hidden": f"{share:.0%}", "fit": fit, "seeds": str(len(runs)), **shown})
    return built


NOTE = (
    "From the recording alone, with process noise 0.05 per frame for the fly (simulation=flyvis_scenes, 8,000 frames, "
    "parameters of a trained network, flow/0000/000). Hidden units are drawn at random. R2 to the identity line after "
    "the gauge, over recorded neurons and the edges between them: mean +- sd (minimum) over seeds of data and "
    "training. W, hidden silent: the same fit without latent inputs. functions known: message and update given, "
    "forward differences under noise, eighth without. 90 % hold: share of weights that their 90 % interval holds; mean "
    "z2: of the error over the standard error, 1 where that is right. oracle: the law known, and the activity of "
    "hidden units given, or absent."
)

if __name__ == "__main__":
    main()
