"""Every query of every dashboard has an answer, so that no panel is empty when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from verify.nouns.dashboards import Asked, names
from verify.nouns.deployment import Deployment
from verify.nouns.jobs import Jobs
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
    " by the hour": "Recorded at one minute of each hour: a younger host has none.",
}
"""Part of a panel's title or of its query -> why it may be empty on a host that is well."""


def _may_be_empty(one: Asked) -> bool:
    return any(part in str(one) for part in WITHOUT_DATA)


@pytest.fixture
def worked(jobs: Jobs) -> None:
    """A job has been done."""
    jobs.clean_up()


@pytest.mark.usefixtures("worked")
def test_every_query_has_data(dashboard: list[Asked], ask: Callable[[Asked], bool]) -> None:
    waiting = dashboard

    def empty() -> list[Asked]:
        return [one for one in waiting if not _may_be_empty(one)]

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
