"""A store stopped under traffic: afterwards its part of the telemetry is there, with the times at which it was made.

What Alloy has taken is complete. What the app could not hand to Alloy, because Alloy itself was away, is the app's to
lose: it holds spans for five seconds and tries for three, and its metrics are cumulative, so that the next export
makes up for one that failed.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from harness import World, WorldError, wait_for
from outage import PLACES, Absence, Host, Outage, Sent, host, outage
from package import Package

pytestmark = pytest.mark.official(*PLACES)

EXPORT = 60.0
"""Seconds between two exports of metrics: OpenTelemetry's default."""
EXPORT_TRIES = 3.0
"""Seconds that an export is tried for (the app's `EXPORT_TIMEOUT_SECONDS`)."""
SPANS_HELD = 5.0
"""Seconds that spans are gathered for until they are exported: OpenTelemetry's default (`OTEL_BSP_SCHEDULE_DELAY`)."""
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
        "scrape_interval": 5,
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
    happened = outage(watched, "prometheus", seconds, when=lambda: _export_is_due(watched))
    wait_for(lambda: _counted(watched) >= len(happened.sent), CAUGHT_UP, "the export after the last request")

    times = [at for at, _ in watched.answers_counted()]
    inside = [at for at in times if happened.store.covers(at)]
    gaps = [(at, after - at) for at, after in pairwise(times)]
    late = [(at, gap) for at, gap in gaps if gap > EXPORT * 1.2]
    unexplained = [(at, gap) for at, gap in late if not happened.alloy_was_away(at + EXPORT, before=EXPORT_TRIES)]
    scraped = [at for at in watched.own_scrapes() if happened.store.covers(at)]
    figures = {
        "counted": _counted(watched),
        "exports_inside": len(inside),
        "exports_missed": len(late),
        "widest_gap_s": round(max(gap for _, gap in gaps)),
        "scrapes_inside": len(scraped),
    }
    _tell(record_property, watched, "prometheus", happened, figures)
    assert _counted(watched) == len(happened.sent)
    assert len(inside) + len(late) >= max(1, int(happened.store.seconds / (EXPORT + EXPORT_TRIES)))
    assert not unexplained, "exports are missing although Alloy was there to take them"
    assert max(gap for _, gap in gaps) < EXPORT * 2.2
    # What Prometheus was to fetch itself nobody kept: this shows that it was away.
    assert not scraped


def _export_is_due(watched: Host) -> bool:
    """In ten to twenty seconds, so that one falls into the shortest outage, before Alloy is restarted."""
    counted = watched.answers_counted()
    return bool(counted) and EXPORT - 20 <= time.time() - counted[-1][0] <= EXPORT - 10


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
    owed = [request for request in happened.sent if not _lost_by_the_app(happened, request)]
    _patiently(lambda: all(watched.spans(request.trace_id) for request in owed))

    spans = {request: watched.spans(request.trace_id) for request in happened.sent}
    whole = Counter(spans.values()).most_common(1)[0][0]
    lacking = [request for request, count in spans.items() if count < whole]
    unexplained = [request for request in lacking if request in owed]
    inside = {request.trace_id for request in happened.inside if spans[request] == whole}
    _patiently(lambda: inside <= watched.traces(happened.store))
    unsearched = inside - watched.traces(happened.store)
    told = watched.lines('{service_name="socialize-api"} |= "telemetry does not arrive"', happened.sent[0].at)
    figures = {
        "spans_each": whole,
        "found": sum(count > 0 for count in spans.values()),
        "missing": sum(count == 0 for count in spans.values()),
        "lacking_around_each_absence_of_alloy": [len(_near(absence, lacking)) for absence in happened.alloy],
        "lacking_otherwise": len(unexplained),
        "inside_and_whole": len(inside),
        "of_these_not_found_by_search": len(unsearched),
        "app_told_of_losses": len(told),
    }
    _tell(record_property, watched, "tempo", happened, figures)
    assert not unexplained, unexplained[:5]
    assert not unsearched, sorted(unsearched)[:5]
    assert told or not lacking, "what the app lost should be told in its log"


def _lost_by_the_app(happened: Outage, request: Sent) -> bool:
    """Whether Alloy was away when the app may have tried to hand it this request's spans."""
    return any(_near(absence, [request]) for absence in happened.alloy)


def _near(absence: Absence, requests: list[Sent]) -> list[Sent]:
    """Requests whose spans the app may have tried to hand over during an absence."""
    return [request for request in requests if absence.covers(request.at, before=SPANS_HELD + EXPORT_TRIES, after=1)]


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
