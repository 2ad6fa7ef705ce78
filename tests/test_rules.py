"""Every rule of the source protocols has a place: in code, in a protocol's text, or an honest "not yet".

A place is a dotted name that must import, or `instructions/NAME.md`, whose text must carry the tag of the rule. Rules
have numbers R001 to R143; those of the closed loop, which everything else stands on, must all be in place.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable

import pytest

from hydra_llm.llm.instructions import instruction_names, instruction_text
from hydra_llm.search.proposers import rules
from hydra_llm.search.rules_map import RULES

SEARCH = "hydra_llm.search"
SIGNAL = "instructions/signal.md"
FLYVIS, ALTERNATING = "instructions/flyvis.md", "instructions/flyvis_alternating.md"
FLYVIS_KEYS = "hydra_llm.families.flyvis.config.FlyvisTraining"
COURSE = "hydra_llm.families.flyvis.evaluation.recovery_curve"
HOMEOSTASIS, HOMEOSTASIS_MEMORY = (f"instructions/metabolism_homeostasis{end}.md" for end in ("", "_memory"))
PHASE_2, PHASE_2_KEYS = (
    "hydra_llm.families.metabolism.homeostasis",
    "hydra_llm.families.metabolism.config.HomeostasisTraining",
)
METABOLISM = "instructions/metabolism.md"

ALL = [f"R{number:03d}" for number in range(1, 144)]
# fmt: off
CLOSED_LOOP = [
    "R001", "R002", "R003", "R004", "R005", "R009", "R010", "R011", "R012", "R013", "R014", "R018", "R019",
    "R020", "R021", "R022", "R023", "R024", "R025", "R027", "R031", "R032", "R033", "R034", "R036",
]
# What the sweeper engine carries; a language model may be told of it as well, but code decides.
SWEEPER = [
    "R015", "R017", "R026", "R035", "R037", "R038", "R039", "R040", "R041", "R042", "R043", "R048",
    *[f"R{number:03d}" for number in (*range(50, 59), *range(70, 77), *range(78, 85))],
]
# What the language model's side carries: as code, as text of a protocol, or both.
SCIENTIST = [
    "R006", "R007", "R008", "R016", "R028", "R029", "R030", "R044", "R045", "R046", "R047", "R059", "R060", "R061",
    "R062", "R063", "R064", "R065", "R066", "R067", "R068", "R069", "R077",
]
LOGGED = [rule for rule in SCIENTIST if rule == "R016" or "R059" <= rule <= "R068"] + ["R077"]  # kept by code
# fmt: on

# Beside what the search itself says about its rules (hydra_llm.search.rules_map).
MORE: dict[str, tuple[str, ...]] = {
    # ---- one iteration ----
    "R140": ("hydra_llm.sweeper.job.trial_context.revision",),
    "R002": ("hydra_llm.sweeper.spec.Plan.overrides",),
    "R003": ("hydra_llm.data.store.DatasetStore",),
    "R004": ("hydra_llm.training.recovery", "hydra_llm.metrics.connectivity.connectivity_metrics"),
    "R005": (f"{SEARCH}.tables.trial_line", f"{SEARCH}.proposers.llm.build"),
    "R006": (f"{SEARCH}.prompt.build_prompt", SIGNAL),
    "R007": (f"{SEARCH}.proposers.llm_answer.answer_schema", "hydra_llm.llm.base.OnText"),
    "R008": (SIGNAL,),
    "R009": (SIGNAL,),
    "R013": ("hydra_llm.report.paper_tree.draw_paper_tree", "hydra_llm.report.sections.tree.drawing"),
    "R016": (f"{SEARCH}.analysis.entry.Entry", SIGNAL),
    "R017": (f"{SEARCH}.proposers.llm_check.check_slots",),
    "R018": (f"{SEARCH}.proposers.llm_answer.Mutation",),
    "R019": (f"{SEARCH}.proposers.base.Thresholds.classify", SIGNAL),
    # ---- strategies, as text ----
    **dict.fromkeys(
        ["R020", "R021", "R022", "R023", "R024", "R025", "R027", "R031", "R032", "R033", "R034"], (SIGNAL,)
    ),
    **dict.fromkeys(["R028", "R029", "R030", "R044", "R045", "R046", "R047", "R048"], (SIGNAL,)),
    **dict.fromkeys(["R026", "R035", "R036", "R037", "R038", "R039", "R040", "R041", "R042", "R043"], (SIGNAL,)),
    "R049": (METABOLISM,),
    # ---- blocks and protocol ----
    "R051": (f"{SEARCH}.proposers.llm_notes.check_notes",),
    **dict.fromkeys(["R052", "R054"], (SIGNAL,)),
    "R053": (f"{SEARCH}.study.Study.review", SIGNAL),
    **dict.fromkeys(["R055", "R056", "R057", "R058"], (f"{SEARCH}.evaluation.evaluate", SIGNAL)),
    "R059": (f"{SEARCH}.prompt_protocol.Protocol", SIGNAL),
    "R060": (f"{SEARCH}.prompt_protocol.Protocol.with_rules", f"{SEARCH}.analysis.summary.block_summary", SIGNAL),
    "R061": (SIGNAL, FLYVIS),
    # ---- log, memory, slots ----
    "R062": (SIGNAL, FLYVIS),
    "R064": (ALTERNATING,),
    **dict.fromkeys(["R066", "R067", "R068", "R069", "R072"], (SIGNAL,)),
    "R070": (f"{SEARCH}.seeds.fresh_seeds", ALTERNATING),
    "R077": (f"{SEARCH}.analysis.entry.RERUN", f"{SEARCH}.proposers.llm_check.RERUN_STRATEGIES", SIGNAL),
    "R083": (f"{SEARCH}.analysis.entry.Entry.variance", SIGNAL),
    "R080": (ALTERNATING,),
    "R081": ("hydra_llm.report.sections.records.variance_blocks", ALTERNATING),
    "R084": (f"{SEARCH}.prompt_sections.SLOW_MIN", f"{SEARCH}.pruning.Pruning.max_minutes", ALTERNATING),
    # ---- fly visual system ----
    "R085": (FLYVIS,),
    "R086": ("hydra_llm.families.flyvis.evaluation.evaluator.FlyvisEvaluator.score", FLYVIS),
    "R087": (f"{FLYVIS_KEYS}.learning_rate_W_start", f"{FLYVIS_KEYS}.coeff_edge_diff", FLYVIS),
    "R088": ("hydra_llm.families.flyvis.config.FlyvisSimulation.visual_input_type", FLYVIS),
    "R089": ("hydra_llm.families.flyvis.fitting.adam.alternating", f"{FLYVIS_KEYS}.n_alternations", ALTERNATING),
    "R090": (f"{FLYVIS_KEYS}.alternate_lr_W", f"{FLYVIS_KEYS}.alternate_lr_embedding", ALTERNATING),
    "R091": (ALTERNATING,),
    "R092": (f"{COURSE}.to_text", "hydra_llm.families.flyvis.evaluation.evaluator.FlyvisEvaluator.tables", ALTERNATING),
    "R093": (f"{COURSE}.trajectory_metrics", f"{COURSE}.gains", f"{COURSE}.trend", ALTERNATING),
    "R094": (f"{COURSE}.is_healthy", f"{COURSE}.verdict", ALTERNATING),
    "R095": (f"{SEARCH}.settings.Confirmation", ALTERNATING),
    "R096": (ALTERNATING,),
    # ---- homeostasis ----
    "R097": (f"{PHASE_2}.frozen.Frozen", HOMEOSTASIS),
    **dict.fromkeys(["R098", "R103", "R105", "R107", "R108", "R109", "R111", "R112"], (HOMEOSTASIS,)),
    "R099": ("hydra_llm.families.metabolism.evaluation.homeostasis.slope_score",),
    "R100": ("hydra_llm.families.metabolism.evaluation.homeostasis.homeostasis_metrics", HOMEOSTASIS),
    "R101": (
        "hydra_llm.families.metabolism.evaluation.homeostasis.fit_lines",
        "hydra_llm.families.metabolism.evaluation.embedding.embedding_metrics",
    ),
    "R102": ("hydra_llm.families.metabolism.evaluation.homeostasis.verdict",),
    **dict.fromkeys(["R104", "R114", "R115", "R116", "R117", "R118", "R119", "R120", "R121", "R122"], (HOMEOSTASIS,)),
    "R106": (HOMEOSTASIS,),
    "R110": (f"{PHASE_2_KEYS}.learning_rate_node_homeostasis", HOMEOSTASIS),
    "R113": (f"{PHASE_2_KEYS}.homeostasis_time_step", HOMEOSTASIS),
    "R123": (HOMEOSTASIS_MEMORY,),
    "R124": (HOMEOSTASIS, HOMEOSTASIS_MEMORY),
    "R125": (HOMEOSTASIS,),
    "R126": (f"{PHASE_2}.terms.ResidualError",),
    "R127": (f"{PHASE_2}.amplification.Amplification",),
    "R128": (f"{PHASE_2}.contrastive.ContrastiveLoss",),
    "R129": (f"{PHASE_2}.lengths.LongToShort", f"{PHASE_2}.terms.RolloutError"),
    "R130": (f"{PHASE_2}.rates.Kick", f"{PHASE_2}.rates.CosineRestarts", f"{PHASE_2}.rates.Ramp"),
    "R131": (f"{PHASE_2}.lengths.MultiScale",),
    "R132": ("hydra_llm.families.metabolism.homeostasis.gradient.HomeostasisPhase.accumulation",),
    "R133": (f"{PHASE_2}.views.DetachedReaction",),
    "R134": (f"{PHASE_2}.initialisation.kaiming", f"{PHASE_2}.terms.OffsetPenalty", HOMEOSTASIS_MEMORY),
    "R135": ("hydra_llm.data.datamodule.RecordingDataModule", HOMEOSTASIS),
}
PLACES: dict[str, tuple[str, ...]] = {
    rule: tuple(place for place in (RULES.get(rule), *MORE.get(rule, ())) if place) for rule in sorted({*RULES, *MORE})
}

# What is not built yet, by the family or feature that brings it.
MISSING: dict[str, str] = {
    **dict.fromkeys(["R049", "R063", "R065", *ALL[96:135]], "metabolism"),
    **dict.fromkeys(ALL[135:], "code evolution"),
}
NOT_YET = {rule: family for rule, family in MISSING.items() if rule not in PLACES}  # the search may be ahead


def resolve(place: str) -> object:
    """The object behind a dotted name; attributes of dataclasses without a default count as found."""
    parts = place.split(".")
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        try:
            found: object = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise  # the module is there and one of its own imports is missing
            continue
        for attribute in parts[cut:]:
            found = _member(found, attribute, place)
        return found
    raise AssertionError(f"{place} does not import")


def _member(owner: object, name: str, place: str) -> object:
    if hasattr(owner, name):
        return getattr(owner, name)
    assert name in getattr(owner, "__dataclass_fields__", {}), f"{place} does not exist"
    return owner


def tags(text: str) -> set[str]:
    return set(re.findall(r"\[(R\d{3})\]", text))


def cases(rules: Iterable[str]) -> list[tuple[str, str]]:
    return [(rule, place) for rule in rules for place in PLACES[rule]]


def test_every_rule_has_a_place_or_is_named_as_missing():
    assert sorted([*PLACES, *NOT_YET]) == ALL


def test_every_rule_of_the_closed_loop_is_in_place():
    assert len(CLOSED_LOOP) == 25
    assert set(CLOSED_LOOP) <= set(PLACES)


def test_every_rule_of_the_sweeper_engine_is_code():
    assert len(SWEEPER) == 35
    assert {rule for rule in SWEEPER if not RULES.get(rule, "").startswith("hydra_llm.")} == set()


def test_every_rule_of_the_scientist_is_in_place_and_what_is_kept_is_kept_by_code():
    assert len(SCIENTIST) == 23
    assert set(SCIENTIST) <= set(PLACES)
    for rule in LOGGED:
        assert any(place.startswith("hydra_llm.") for place in PLACES[rule]), rule


@pytest.mark.parametrize(("rule", "place"), cases(PLACES))
def test_the_place_of_a_rule_exists(rule, place):
    if place.startswith("instructions/"):
        name = place.removeprefix("instructions/").removesuffix(".md")
        assert rule in tags(instruction_text(name)), f"{place} does not carry [{rule}]"
        return
    found = resolve(place)
    if hasattr(found, "rules"):
        assert rule in found.rules, f"{place} does not claim {rule}"


def test_every_rule_that_a_strategy_claims_is_mapped():
    claimed: set[str] = set()
    for module in pkgutil.iter_modules(rules.__path__):
        loaded = importlib.import_module(f"{rules.__name__}.{module.name}")
        for _, member in inspect.getmembers(loaded, inspect.isclass):
            if member.__module__ == loaded.__name__:
                claimed.update(getattr(member, "rules", ()))
    assert len(claimed) > 20
    assert claimed <= set(PLACES)


def test_every_tag_in_a_protocol_is_mapped_to_it():
    for name in instruction_names():
        for rule in tags(instruction_text(name)) - set(NOT_YET):
            assert f"instructions/{name}.md" in PLACES[rule], f"{name} carries [{rule}]"
