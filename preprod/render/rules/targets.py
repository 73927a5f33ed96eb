"""Everything that Prometheus fetches: that it answers, and that it is there at all.

`up == 0` never fires for a target that has gone from the configuration or was never found, so each job has an
`absent` of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from preprod.render.rules import cases
from preprod.render.rules.promql import matcher, series
from preprod.render.rules.rule import Alert, Watched, duration

DOWN, MISSING = 300, 600
"""Seconds."""


def rules(watched: Watched, jobs: Iterable[str]) -> list[Alert]:
    """A target that does not answer, whichever it is; and every job that has none.

    :param jobs: all scrape jobs.
    """
    named = sorted(jobs)
    return [_down(watched, named), *_missing(watched, named)]


def _down(watched: Watched, jobs: list[str]) -> Alert:
    clock = watched.clock
    hold, step = clock.time(DOWN), clock.time(60)
    given = series("up", {"job": jobs[0], "instance": "one"})
    return Alert(
        alert="TargetDown",
        expr=f"up{{{matcher('job', jobs)}}} == 0",
        hold=hold,
        severity="warning",
        component="{{ $labels.job }}",
        summary="{{ $labels.job }} does not answer ({{ $labels.instance }})",
        description="Prometheus gets no metrics from {{ $labels.instance }}: it is down, does not answer in time, or "
        "has more samples than it may have.",
        dashboard="telemetry",
        step=step,
        cases=cases.level({given: 0}, {given: 1}, hold=hold, step=step),
    )


def _missing(watched: Watched, jobs: list[str]) -> Iterator[Alert]:
    window, hold, step = watched.clock.window(300), watched.clock.time(MISSING - 300), watched.clock.time(60)
    for job in jobs:
        given = series("up", {"job": job})
        yield Alert(
            alert="TargetMissing",
            expr=f"absent_over_time({given}[{duration(window)}])",
            hold=hold,
            severity="warning",
            component=job,
            summary=f"{job} has no target",
            description=f"Prometheus does not try to fetch from {job}: the job is gone, or its name has no address.",
            dashboard="telemetry",
            step=step,
            cases=cases.absence(given, window=window, hold=hold, step=step),
        )
