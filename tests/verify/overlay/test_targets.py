"""What Prometheus watches, what it makes of it, and whom it tells."""

from __future__ import annotations

import pytest

from preprod.catalogue import OVERLAY
from verify.nouns.deployment import Deployment, Observability
from verify.nouns.prometheus import PromQuery, Rule
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

PROBES = {"probe-http", "probe-tcp"}


def test_every_service_has_its_job(prometheus: PromQuery, deployment: Deployment, observability: Observability) -> None:
    wanted = {name for name in deployment.services if name in OVERLAY} | {"caddy"}
    wanted |= PROBES if "blackbox-exporter" in deployment.services else set()
    wanted |= observability.promised.services.keys() if observability.app_metrics == "scrape" else set()
    assert {target.job for target in prometheus.targets} == wanted, f"the jobs of {prometheus}"


def test_every_target_is_up(prometheus: PromQuery, patience: float) -> None:
    def all_up() -> bool:
        return all(target.health == "up" for target in prometheus.targets)

    eventually(all_up, patience)
    down = [str(target) for target in prometheus.targets if target.health != "up"]
    assert down == [], f"{prometheus} should get metrics from all of its targets"


@pytest.mark.needs("blackbox-exporter")
def test_every_probe_succeeds(prometheus: PromQuery, patience: float) -> None:
    found = eventually(lambda: prometheus.samples("probe_success"), patience)
    failed = [f"{sample.labels['job']} of {sample.labels['instance']}" for sample in found if sample.value != 1]
    assert found, f"{prometheus} should have the results of probes"
    assert failed == [], f"probes that {prometheus} has seen fail"


def test_every_rule_is_evaluated_without_error(
    prometheus: PromQuery, observability: Observability, patience: float
) -> None:
    def is_well(rule: Rule) -> bool:
        # Those that are evaluated less often, as once an hour, may be still to come.
        return rule.health == "ok" or (rule.health == "unknown" and rule.every > observability.scrape_interval)

    def faulty() -> list[str]:
        return [str(rule) for rule in prometheus.rules if not is_well(rule)]

    eventually(lambda: not faulty(), patience)
    assert prometheus.rules, f"{prometheus} should have rules"
    assert faulty() == [], f"rules of {prometheus}"


@pytest.mark.needs("alertmanager")
def test_alerts_are_sent_to_the_alertmanager(prometheus: PromQuery, patience: float) -> None:
    found = eventually(lambda: prometheus.alertmanagers, patience)
    assert [url.split("/")[2] for url in found] == ["alertmanager:9093"], f"where {prometheus} sends alerts"
