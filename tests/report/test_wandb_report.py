"""The report at W&B as it would be sent: the server is replaced, the specification is the package's own."""

import json
from types import SimpleNamespace

import pytest
from report_worlds import swept_to_a_front

interface = pytest.importorskip(
    "wandb_workspaces.reports.v2.interface", reason="the extra [wandb-report] is not installed"
)

from hydra_llm.report.errors import ExportError  # noqa: E402
from hydra_llm.report.wandb_report import save_report  # noqa: E402
from hydra_llm.search.log.reader import read_sweep  # noqa: E402


class Server:
    """Answers what saving a report asks: the number of the project, and the view that was saved."""

    def __init__(self, monkeypatch):
        self.saved: dict[str, str] | None = None
        api = SimpleNamespace(projects=lambda entity: [SimpleNamespace(name="p")], default_entity="us")
        monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
        monkeypatch.setattr("wandb.Api", lambda: api)
        monkeypatch.setattr(interface, "get_app_url", lambda api: "https://wandb.example")
        monkeypatch.setattr(interface, "execute_graphql", self.answer)

    def answer(self, api, query, variables):
        if "spec" not in variables:
            return {"project": {"internalId": "7"}}
        self.saved = variables
        project = {"name": variables["projectName"], "entityName": variables["entityName"]}
        view = {
            "id": "abc",
            "name": "n",
            "displayName": variables["displayName"],
            "description": "",
            "project": project,
        }
        return {"upsertView": {"view": {**view, "description": "", "spec": variables["spec"]}}}


@pytest.fixture
def grids(sweep_folder, monkeypatch):
    """Grids of panels of the saved report by the heading above each."""
    return saved_grids(sweep_folder, monkeypatch)


def saved_grids(folder, monkeypatch):
    server = Server(monkeypatch)
    address = save_report(read_sweep(folder), project="p")
    assert address.startswith("https://wandb.example/us/p/reports/")
    assert server.saved is not None
    assert server.saved["displayName"] == f"Sweep {folder.name}"
    found, heading = {}, ""
    for block in json.loads(server.saved["spec"])["blocks"]:
        if block["type"] == "heading":
            heading = block["children"][0]["text"]
        elif block["type"] == "panel-grid":
            found[heading] = block["metadata"]
    return found


def panels(grid):
    return [(panel["viewType"], panel["config"]) for panel in grid["panelBankSectionConfig"]["panels"]]


def filters(grid):
    (runs,) = grid["runSets"]
    return {(item["key"]["name"], item["op"], item["value"]) for item in runs["filters"]["filters"]}


def test_best_so_far_comes_from_the_run_of_the_sweep(grids, sweep_folder):
    grid = grids["Best so far, over the whole sweep"]
    assert filters(grid) == {("group", "=", sweep_folder.name), ("jobType", "=", "sweep")}
    assert [config["metrics"] for _, config in panels(grid)] == [["best_so_far"], ["best_of_block"]]
    assert {config["xAxis"] for _, config in panels(grid)} == {"result"}


def test_trials_are_shown_by_block(grids, sweep_folder):
    grid = grids["Trials by block"]
    assert filters(grid) == {("group", "=", sweep_folder.name), ("jobType", "!=", "sweep")}
    assert panels(grid)[1][1]["groupBy"] == "block.value"


@pytest.mark.parametrize("key", ["regime", "family", "target"])
def test_recovery_is_grouped_over_all_sweeps(grids, key):
    grid = grids[f"Recovery by {key}, all sweeps of the project"]
    assert filters(grid) == {("jobType", "!=", "sweep")}
    assert grid["runSets"][0]["grouping"] == [{"section": "config", "name": f"{key}.value"}]
    assert {config["groupBy"] for _, config in panels(grid)} == {f"{key}.value"}


def test_recovery_is_shown_at_the_end_and_over_training(grids, sweep_folder):
    metric = read_sweep(sweep_folder).settings.objective.name
    shown = [config["metrics"][0] for _, config in panels(grids["Recovery by seed"])]
    assert shown[:2] == [metric, f"recovery/{metric}"]


def test_every_searched_key_has_an_axis(grids, sweep_folder):
    ((kind, config),) = panels(grids["Searched keys"])
    settings = read_sweep(sweep_folder).settings
    assert kind == "Parallel Coordinates Plot"
    names = [column.get("displayName") for column in config["columns"]]
    assert settings.block_space is not None
    assert names == [*settings.space.names, *settings.block_space.names, None]
    axes = {column.get("displayName"): column for column in config["columns"]}
    assert axes["training.lr"]["accessor"] == "config:training.value.lr"
    assert axes["training.lr"]["log"] is True


def test_several_objectives_are_planes_and_the_size_of_their_front(tmp_path, monkeypatch):
    swept_to_a_front(tmp_path / "s", "cost", "gain", "time")
    grids = saved_grids(tmp_path / "s", monkeypatch)
    assert "Best so far, over the whole sweep" not in grids
    assert [config["metrics"] for _, config in panels(grids["Pareto front"])] == [["front/size"]]
    by_block = panels(grids["Trials by block"])
    assert [config["yAxis"] for kind, config in by_block if kind == "Scatter Plot"] == [
        f"summary:selected/{name}" for name in ("cost", "gain", "time")
    ]
    ((_, config),) = panels(grids["Searched keys"])
    assert [column["accessor"] for column in config["columns"]][-3:] == [
        f"summary:selected/{name}" for name in ("cost", "gain", "time")
    ]


def test_the_table_of_trials_is_that_of_the_sweep(grids):
    assert '"trials"' in json.dumps(panels(grids["Trials"]))


def test_without_a_login_it_is_a_sentence(sweep_folder, monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(ExportError, match=r"needs a login.*hydra-llm sync"):
        save_report(read_sweep(sweep_folder), project="p")


def test_what_the_server_refuses_is_a_sentence(sweep_folder, monkeypatch):
    server = Server(monkeypatch)
    monkeypatch.setattr(interface, "execute_graphql", lambda api, query, variables: {"project": None})
    with pytest.raises(ExportError, match=r"does not take the report \(.*us/p.*not found"):
        save_report(read_sweep(sweep_folder), project="p")
    assert server.saved is None
