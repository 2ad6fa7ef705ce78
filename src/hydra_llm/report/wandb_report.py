"""A report at Weights & Biases on a synced sweep: what people otherwise click together, saved by W&B's own API."""

from __future__ import annotations

from hydra_llm.report.errors import ExportError
from hydra_llm.search.log.reader import Sweep
from hydra_llm.wandb_mode import has_login


def save_report(sweep: Sweep, *, project: str, entity: str | None = None) -> str:
    """Saves a new report and returns its address. entity: None is the default one of the login.

    Raises ExportError without a login or the package wandb-workspaces, and where W&B refuses the report, as it does
    where the project does not exist.
    """
    if not has_login():
        raise ExportError(
            "A report at W&B needs a login, and none was found. Run `wandb login` or set WANDB_API_KEY, then "
            f"`hydra-llm sync {sweep.folder}` and this command again."
        )
    try:
        import wandb

        from hydra_llm.report.wandb_blocks import report_of
    except ModuleNotFoundError:
        raise ExportError(
            "A report at W&B is written by wandb-workspaces, which is not installed: "
            "pip install 'hydra-llm[wandb-report]'."
        ) from None
    try:
        report = report_of(sweep, project=project, entity=entity or str(wandb.Api().default_entity))
        report.save()
    except Exception as error:  # whatever the client of a server raises
        reason = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
        raise ExportError(
            f"W&B does not take the report ({reason}). Check --project and --entity, and that the sweep is there: "
            f"`hydra-llm sync {sweep.folder} --project {project}`."
        ) from error
    return str(report.url)
