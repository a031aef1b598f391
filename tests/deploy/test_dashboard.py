"""The dashboard and the alerts ask for what the service counts, and for nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gappt_graphql.web.metrics import Metrics

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/gappt-graphql.json").read_text())
SOURCE = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
ASKED = [
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
    *((variable["name"], variable["query"]["query"]) for variable in DASHBOARD["templating"]["list"]),
    *((rule["alert"], rule["expr"]) for rule in RULES),
]
WORDS = {"by", "histogram_quantile", "increase", "label_values", "max", "min", "rate", "sum", "time", "topk"}
"""Of Prometheus and Grafana, as far as they are used here."""
OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that every metric gets, or every histogram."""


async def served() -> dict[str, set[str]]:
    """Return the labels of each metric by the name that Prometheus knows it by."""
    metrics = Metrics()
    labels = {one.name: set(one.labels) for one in metrics.all}
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families((await metrics.text()).decode()):
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        for ending in endings:
            found[family.name + ending] = labels.get(family.name, set())
    return found


def names_in(query: str) -> set[str]:
    """Return each word of the query that is no text, no label and none of the language's own."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\bby \([^)]*\)|\"[^\"]*\"", " ", query)
    bare = re.sub(r"(label_values\(\w+), \w+", r"\1", bare)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - WORDS


def labels_in(query: str) -> set[str]:
    chosen = [re.findall(r"(\w+)\s*=?[=~!]", part) for part in re.findall(r"\{([^}]*)\}", query)]
    grouped = [re.findall(r"\w+", part) for part in re.findall(r"\bby \(([^)]*)\)", query)]
    return {label for part in (*chosen, *grouped) for label in part}


@pytest.mark.parametrize(("where", "query"), ASKED)
async def test_what_is_asked_for_is_counted(where: str, query: str) -> None:
    known = await served()

    assert names_in(query)
    assert names_in(query) - known.keys() == set()


@pytest.mark.parametrize(("where", "query"), ASKED)
async def test_a_label_that_is_asked_for_is_there(where: str, query: str) -> None:
    known = await served()

    assert labels_in(query) - OF_PROMETHEUS - {label for name in names_in(query) for label in known[name]} == set()


def test_a_name_that_nobody_counts_would_be_seen() -> None:
    query = 'sum by (le, door) (rate(gappt_no_such_bucket{door="rest", code=~"A|B"}[5m])) / up'

    assert names_in(query) == {"gappt_no_such_bucket", "up"}
    assert labels_in(query) == {"le", "door", "code"}


async def test_everything_that_the_service_counts_is_shown() -> None:
    shown = {name.removesuffix("_bucket").removesuffix("_sum") for _, query in ASKED for name in names_in(query)}
    counted = {name.removesuffix("_bucket") for name in await served() if name.startswith("gappt_")}

    assert {name for name in counted if not name.endswith(("_sum", "_count"))} - shown == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_names_only_labels_that_it_groups_by(panel: Any) -> None:
    for target in panel["targets"]:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        grouped = labels_in(target["expr"]) | {"instance"}

        assert named - grouped == set()


def test_every_panel_asks_the_source_that_is_provisioned() -> None:
    sources = [one["datasource"] for panel in PANELS for one in (panel, *panel["targets"])]
    sources += [variable["datasource"] for variable in DASHBOARD["templating"]["list"]]

    assert {(source["type"], source["uid"]) for source in sources} == {(SOURCE["type"], SOURCE["uid"])}


def test_the_panels_have_names_and_numbers_of_their_own_and_do_not_overlap() -> None:
    places = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: Any) -> None:
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["what_to_do"].endswith(".")
