"""Every query of every dashboard has an answer, so that no panel is empty when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from verify.nouns.dashboards import Asked, names
from verify.nouns.deployment import Deployment
from verify.nouns.jobs import Jobs
from verify.nouns.program import Program
from verify.nouns.prometheus import PromQuery
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

ARRIVAL_SECONDS = 180
"""From the last visit: to every store, through the rules that record, and to the full minute that budgets count by."""

WITHOUT_DATA: Mapping[str, str] = {
    "Disk reads": "A container has them from its first read of a block device on; all of it may be in memory.",
    "Disk writes": "A container has them from its first write to a block device on, where the kernel counts these.",
    "Last removal of old lines": "Loki names no time until it has done so once, ten minutes after its start.",
    "tempodb_blocklist_poll_errors_total": "Tempo makes this counter when it counts the first error.",
    "Traces that failed": "Nothing need have failed.",
}
"""Part of a panel's title or of its query -> why it may be empty on a host that is well."""

HOURS, STEPS = 2, 24
"""What is recorded at one minute of each hour is there after so many hours; and how often one looks whether these were
seen without a gap. A restart is none: it takes less than the five minutes for which a sample counts."""


def _may_be_empty(one: Asked, young: bool) -> bool:
    return any(part in str(one) for part in WITHOUT_DATA) or (young and one.source == "longterm")


@pytest.fixture
def young(dashboard: list[Asked], programs: Callable[[str], Program]) -> bool:
    """Whether the long-term store, or the one that it gets its samples from, has not been there for long enough."""
    if not any(one.source == "longterm" for one in dashboard):
        return False
    jobs = 'job=~"prometheus|longterm"'
    seen = PromQuery(programs("prometheus")).samples(f"count_over_time(up{{{jobs}}}[{HOURS}h:{HOURS * 60 // STEPS}m])")
    return len(seen) < 2 or min(sample.value for sample in seen) < STEPS


@pytest.fixture
def worked(jobs: Jobs) -> None:
    """A job has been done."""
    jobs.clean_up()


@pytest.mark.usefixtures("worked")
def test_every_query_has_data(dashboard: list[Asked], ask: Callable[[Asked], bool], young: bool) -> None:
    waiting = dashboard

    def empty() -> list[Asked]:
        return [one for one in waiting if not _may_be_empty(one, young)]

    def all_answered() -> bool:
        nonlocal waiting
        # Those that may be empty are asked, too: a store refuses what it does not understand.
        waiting = [one for one in waiting if not ask(one)]
        return not empty()

    assert dashboard, "there should be something to ask"
    eventually(all_answered, ARRIVAL_SECONDS)
    assert [str(one) for one in empty()] == [], "queries without data"


@pytest.mark.needs("grafana")
def test_the_dashboards_of_what_runs_are_there(deployment: Deployment) -> None:
    wanted = {"api", "usage", "slo", "system", "telemetry"}
    assert wanted <= set(names(deployment)), "dashboards that every host with Grafana has"
