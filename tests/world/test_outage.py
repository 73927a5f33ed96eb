"""A store stopped under traffic: afterwards its part of the telemetry is there, with the times at which it was made.

Meanwhile Alloy itself is away twice: the app's spans wait for it in the app, and its metrics are cumulative, so that
the next export makes up for one that failed.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from harness import World, WorldError, wait_for
from outage import PLACES, Host, Outage, host, outage
from package import Package

pytestmark = pytest.mark.official(*PLACES)

EXPORT = 10.0
"""Seconds between two exports of metrics."""
EXPORT_TRIES = 3.0
"""Seconds that an export is tried for (the app's `EXPORT_TIMEOUT_SECONDS`)."""
CAUGHT_UP = 300
"""Seconds that a store gets to take what has waited, and to find it again."""

Tell = Callable[[str, object], None]


@pytest.fixture
def watched(new_world: Callable[[str], World], archives: Path) -> Iterator[Host]:
    """A world of the test's own, deployed with what takes part, and with debugging ports."""
    data = {
        "docker_source": "distribution",
        "image_source": "archives",
        "image_archives": str(archives),
        "observability": True,
        "observability_components": [*PLACES, "engine-proxy"],
        "observability_ports": True,
        "scrape_interval": int(EXPORT),
    }
    package = Package(new_world("bookworm"), data)
    run = package.deploy()
    assert run.code == 0, run.stderr
    with host(package.world) as there:
        yield there


@pytest.fixture
def seconds(pytestconfig: pytest.Config) -> float:
    return float(pytestconfig.getoption("outage"))


def test_prometheus_has_every_export(watched: Host, seconds: float, record_property: Tell) -> None:
    happened = outage(watched, "prometheus", seconds)
    wait_for(lambda: _counted(watched) >= len(happened.sent), CAUGHT_UP, "the export after the last request")

    times = [at for at, _ in watched.answers_counted()]
    inside = [at for at in times if happened.store.covers(at)]
    gaps = [(at, after - at) for at, after in pairwise(times)]
    scraped = [at for at in watched.own_scrapes() if happened.store.covers(at)]
    figures = {
        "counted": _counted(watched),
        "exports_inside": len(inside),
        "gaps_longer_than_usual_s": [round(gap) for _, gap in gaps if gap > EXPORT * 1.5],
        "scrapes_inside": len(scraped),
    }
    _tell(record_property, watched, "prometheus", happened, figures)
    assert _counted(watched) == len(happened.sent)
    assert times[0] < happened.store.began < inside[0] < happened.store.ended < times[-1]
    unexplained = [(at, gap) for at, gap in gaps if gap > _longest_gap(happened, at, at + gap)]
    assert not unexplained, "exports are missing although Alloy was there to take them"
    # What Prometheus was to fetch itself nobody kept: this shows that it was away.
    assert not scraped


def _longest_gap(happened: Outage, at: float, after: float) -> float:
    """Seconds that may lie between these two exports: half an interval for a slow machine, and while Alloy was away
    each export was tried in vain, the one at its end, too."""
    missed = [each for each in happened.alloy if each.began <= after and at <= each.ended]
    return 1.5 * EXPORT + sum(absence.seconds + EXPORT + EXPORT_TRIES for absence in missed)


def _counted(watched: Host) -> float:
    return watched.answers_counted()[-1][1]


def test_loki_has_every_line_once(watched: Host, seconds: float, record_property: Tell) -> None:
    happened = outage(watched, "loki", seconds)
    expected = {request.trace_id: request for request in happened.sent}
    query, since = '{service_name="socialize-api",log_type="request"}', happened.sent[0].at
    _patiently(lambda: expected.keys() <= {trace for _, trace in watched.lines(query, since)})

    found = [(at, trace) for at, trace in watched.lines(query, since) if trace in expected]
    times = Counter(trace for _, trace in found)
    missing = [request for trace, request in expected.items() if not times[trace]]
    displaced = [trace for at, trace in found if not -1 < at - expected[trace].at < 5]
    inside = [trace for at, trace in found if happened.store.covers(at)]
    figures = {
        "found": len(times),
        "lines_inside": len(inside),
        "missing": len(missing),
        "more_than_once": sum(count > 1 for count in times.values()),
    }
    _tell(record_property, watched, "loki", happened, figures)
    assert not missing, missing[:5]
    assert set(times.values()) == {1}
    assert not displaced, displaced[:5]
    # A request at the very edge is logged beyond it.
    assert len(inside) >= len(happened.inside) - 2


def test_tempo_has_every_trace(watched: Host, seconds: float, record_property: Tell) -> None:
    happened = outage(watched, "tempo", seconds)
    _patiently(lambda: all(watched.spans(request.trace_id) for request in happened.sent))

    spans = {request: watched.spans(request.trace_id) for request in happened.sent}
    whole = Counter(spans.values()).most_common(1)[0][0]
    lacking = [request for request, count in spans.items() if count < whole]
    inside = {request.trace_id for request in happened.inside if spans[request] == whole}
    _patiently(lambda: inside <= watched.traces(happened.store))
    unsearched = inside - watched.traces(happened.store)
    told = watched.lines('{service_name="socialize-api"} |= "telemetry does not arrive"', happened.sent[0].at)
    figures = {
        "spans_each": whole,
        "found": sum(count > 0 for count in spans.values()),
        "missing": sum(count == 0 for count in spans.values()),
        "lacking_spans": len(lacking),
        "inside_and_whole": len(inside),
        "of_these_not_found_by_search": len(unsearched),
        "times_that_the_app_told_of_an_outage": len(told),
        "counted_lost_by_the_app": watched.spans_lost(),
    }
    _tell(record_property, watched, "tempo", happened, figures)
    assert not lacking, lacking[:5]
    assert not unsearched, sorted(unsearched)[:5]
    assert watched.spans_lost() == 0


def _patiently(condition: Callable[[], bool]) -> None:
    """Wait for it while it may yet come true; what is lacking then is counted and told before the test fails."""
    with contextlib.suppress(WorldError):
        wait_for(condition, CAUGHT_UP, "the store to catch up")


def _tell(record: Tell, watched: Host, store: str, happened: Outage, figures: Mapping[str, object]) -> None:
    """One line: what happened, what was found, and everything that Alloy and the store count as lost."""
    failed = [request for request in happened.sent if request.outcome != "200"]
    line = {
        "outage_s": round(happened.store.seconds),
        "alloy_away_s": [round(absence.seconds, 1) for absence in happened.alloy],
        "requests": len(happened.sent),
        "failed": len(failed),
        "inside": len(happened.inside),
        **figures,
        "counted_lost": happened.losses + watched.losses("alloy", store),
    }
    record("figures", json.dumps(line))
    assert not failed, failed[:5]
