"""The dead man's switch: an alert that always fires. Who gets it alarms when it stops.

Tied to fresh samples, since an alert of a constant goes on when the disk is full and nothing is stored any more.
"""

from __future__ import annotations

from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Case, Watched, duration


def rules(watched: Watched) -> list[Alert]:
    """The one alert."""
    window, step = watched.clock.window(300), watched.clock.time(60)
    stored = series("prometheus_tsdb_head_samples_appended_total", {"job": "prometheus"})
    steps = round(window / step)
    given = series("prometheus_tsdb_head_samples_appended_total", {"job": "prometheus", "type": "float"})
    return [
        Alert(
            alert="Watchdog",
            expr=f"sum(increase({stored}[{duration(window)}])) > 0",
            severity="info",
            component="prometheus",
            summary="Alerts work",
            description="This always fires. When it stops, Prometheus, its disk or the way of alerts is broken.",
            dashboard="telemetry",
            step=step,
            cases=(
                Case(
                    "fires and resolves",
                    {given: f"0+100x{steps} {100 * steps}+0x{2 * steps}"},
                    {steps: 1, 2 * steps - 2: 1, 3 * steps: 0},
                ),
                Case("just below", {given: f"7+0x{3 * steps}"}, {steps: 0, 3 * steps: 0}),
            ),
        )
    ]
