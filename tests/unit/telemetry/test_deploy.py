"""What deploy/ has for Prometheus and Grafana: checked by promtool, and true of the metrics."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from claude_sse.telemetry import metrics

DEPLOY = Path(__file__).parents[3] / "deploy"
ALERTS = (DEPLOY / "prometheus-alerts.yml").read_text("utf-8")
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
_NAME = re.compile(r"\b(?:claude_sse|gen_ai_client)_\w+")


def series():
    """Return the names of all series that /metrics may have, each with its labels."""
    found = {"claude_sse_log_state": {"item"}}
    for metric in vars(metrics).values():
        if hasattr(metric, "_labelnames"):
            labels = set(metric._labelnames)
            name = metric._name + ("_total" if metric._type == "counter" else "")
            is_histogram = metric._type == "histogram"
            names = [f"{name}_{end}" for end in ("bucket", "sum", "count")]
            found |= dict.fromkeys(names if is_histogram else [name], labels | {"le"})
    return found


def queries():
    """Return every query of the dashboard and of the alerts."""
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    shown += [variable["query"] for variable in DASHBOARD["templating"]["list"]]
    return shown + re.findall(r"^ +expr: (.*)$", ALERTS, re.MULTILINE)


@pytest.mark.parametrize("query", queries())
def test_every_query_is_about_what_there_is(query):
    """Each name in a query is a series of /metrics, and each of its labels is one of its own."""
    there = series()
    names = set(_NAME.findall(query))
    assert names <= set(there), names - set(there)
    labels = set(re.findall(r"(\w+)=~?\"", query))
    for group in re.findall(r"by \(([^)]*)\)", query):
        labels |= set(group.replace(" ", "").split(","))
    known = {"job", "instance"}.union(*(there[name] for name in names))
    assert labels <= known, labels - known


def test_every_metric_is_shown():
    """No metric is collected that neither the dashboard nor an alert shows."""
    shown = set(_NAME.findall(" ".join(queries())))
    lacking = {name for name in series() if not name.endswith(("_sum", "_count"))} - shown
    assert not lacking


def test_the_rules_are_rules(require):
    """promtool accepts the alerts."""
    subprocess.run(
        [require("promtool"), "check", "rules", DEPLOY / "prometheus-alerts.yml"],
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_each_alert_fires_for_its_fault_alone(require):
    """Each alert fires where its fault is in the series, and none does on a day without faults."""
    tested = subprocess.run(
        [require("promtool"), "test", "rules", "prometheus-alerts.test.yml"],
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    names = re.findall(r"- alert: (\w+)", ALERTS)
    in_test = (DEPLOY / "prometheus-alerts.test.yml").read_text("utf-8")
    assert [name for name in names if f'alertname="{name}"' not in in_test] == []


def test_each_alert_says_what_to_do():
    """An alert has one sentence on what is wrong and one on what to do."""
    for rule in ALERTS.split("- alert: ")[1:]:
        assert re.search(r'summary: ".{20,}"', rule) and re.search(r'action: ".{40,}"', rule), rule
