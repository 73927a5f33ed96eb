"""What the runbooks have one type, typed on the host."""

from __future__ import annotations

import re

import pytest

from preprod.render.runbooks import commands
from preprod.render.runbooks_page import FOLDER
from verify.nouns.prometheus import PromQuery
from verify.nouns.target import Target
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

ASKED = re.compile(r"promtool query instant \S+ '([^']*)'")


def questions() -> dict[str, str]:
    """PromQL -> a runbook that asks it."""
    return {query: page.stem for page in sorted(FOLDER.glob("*.md")) for query in ASKED.findall(page.read_text())}


def test_prometheus_understands_every_question(prometheus: PromQuery) -> None:
    asked = questions()
    assert asked
    for query in asked:
        prometheus.samples(query)


@pytest.mark.parametrize(
    "query",
    [
        'ALERTS{alertname="Watchdog"}',
        "count by (job) (target_info)",
        "min(prometheus_rule_group_interval_seconds)",
        "topk(5, prometheus_rule_group_last_duration_seconds)",
        "topk(5, max_over_time(scrape_samples_scraped[6h]))",
    ],
)
def test_what_no_rule_asks_for_is_there_as_well(prometheus: PromQuery, query: str, patience: float) -> None:
    assert eventually(lambda: prometheus.samples(query), patience), f"{query}, of {prometheus}"


def test_a_question_is_answered_as_it_is_typed(target: Target) -> None:
    assert "up{" in target.output(commands.query("up"))
    assert "1 row" in target.output(commands.sql("select count(*) from jobs where kind = $$none$$"))


def test_containers_are_found_by_their_service(target: Target) -> None:
    inspected = f"docker inspect --format '{{{{.State.Status}}}}' {commands.container('api')}"
    assert target.output(inspected).split() == ["running"]
    assert '"service"' in target.output(commands.logs("api", '"level": ?"info"', since="24h"))


@pytest.mark.needs("alertmanager")
def test_alertmanager_is_asked_as_it_is_typed(target: Target) -> None:
    asked = "amtool --alertmanager.url=http://localhost:9093 alert query alertname=Watchdog"
    assert "Watchdog" in eventually(lambda: target.output(commands.inside("alertmanager", asked)), 60)
