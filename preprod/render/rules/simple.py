"""The two shapes that most alerts of components have: a value beyond a bound, and an event that should not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from preprod.render.rules import cases
from preprod.render.rules.cases import Values
from preprod.render.rules.rule import Alert, Case, Clock, Dashboard, Severity, duration

EVENT_WINDOW = 900
"""Seconds in which one event is too many."""


def lately(clock: Clock, selector: str, by: str) -> str:
    """PromQL of events that should not be, told apart by labels."""
    return f"sum by ({by}) (increase({selector}[{duration(clock.window(EVENT_WINDOW))}]))"


@dataclass(frozen=True)
class Maker:
    """Makes the alerts of one component."""

    clock: Clock
    component: str
    dashboard: Dashboard

    def level(
        self,
        alert: str,
        expr: str,
        texts: tuple[str, str],
        bad: Values,
        below: Values,
        *,
        hold: float,
        severity: Severity = "warning",
        steady: Values | None = None,
        marks: Mapping[str, str] | None = None,
        window: float = 0,
        linger: float = 0,
    ) -> Alert:
        """A value beyond a bound for some time.

        :param texts: summary and description.
        :param window: seconds that the expression looks back, not scaled.
        :param linger: seconds for which it fires on, of a cause that mutes what follows from it.
        """
        # At least two steps, so that half of the time is less.
        scaled, step = self.clock.time(hold), self.clock.time(min(60, hold / 2 or 60))
        on = self.clock.window(linger) if linger else 0
        made = cases.level(bad, below, hold=scaled, step=step, window=window, steady=steady, linger=on)
        return replace(self._alert(alert, expr, texts, made, step, scaled, severity, marks), linger=on)

    def growth(
        self,
        alert: str,
        expr: str,
        texts: tuple[str, str],
        bad: Values,
        below: Values,
        *,
        window: float,
        hold: float = 0,
        severity: Severity = "warning",
        judged: tuple[Values, float] | None = None,
    ) -> Alert:
        """Counters that grow too fast; values are growth in a minute.

        :param window: seconds, scaled already, as they stand in the expression.
        :param judged: what is bad with nothing good beside it, and how many of it in a window are judged.
        """
        scaled, step = self.clock.time(hold), self.clock.time(60)
        made = cases.growth(bad, below, window=window, hold=scaled, step=step)
        if judged:
            whole = sum(judged[0].values())
            made += cases.too_few(*judged, window=window, step=step, hold=scaled, whole=whole)
        return self._alert(alert, expr, texts, made, step, scaled, severity, None)

    def event(
        self,
        alert: str,
        selector: str,
        texts: tuple[str, str],
        series: str,
        *,
        by: str = "job",
        severity: Severity = "warning",
    ) -> Alert:
        """A counter of which one in a quarter of an hour is too many.

        :param by: labels by which events are told apart.
        """
        window, step = self.clock.window(EVENT_WINDOW), self.clock.time(60)
        expr = f"{lately(self.clock, selector, by)} > 0"
        made = cases.event(series, window=window, step=step)
        return self._alert(alert, expr, texts, made, step, 0, severity, None)

    def events(
        self,
        alert: str,
        selector: str,
        texts: tuple[str, str],
        series: str,
        *,
        window: float,
        by: str = "job",
        severity: Severity = "warning",
    ) -> Alert:
        """A counter that goes on growing for two windows: once is no matter.

        :param window: seconds within which one more means that it goes on.
        :param by: labels by which events are told apart.
        """
        looked, step = self.clock.window(window), self.clock.time(60)
        # Made of the window, which is never shorter than a few scrapes: another time could be over before one event is.
        hold = 2 * looked
        expr = f"sum by ({by}) (increase({selector}[{duration(looked)}])) > 0"
        made = cases.events(series, window=looked, hold=hold, step=step)
        return self._alert(alert, expr, texts, made, step, hold, severity, None)

    def _alert(
        self,
        alert: str,
        expr: str,
        texts: tuple[str, str],
        made: tuple[Case, ...],
        step: float,
        hold: float,
        severity: Severity,
        marks: Mapping[str, str] | None,
    ) -> Alert:
        return Alert(
            alert=alert,
            expr=expr,
            hold=hold,
            severity=severity,
            component=self.component,
            summary=texts[0],
            description=texts[1],
            dashboard=self.dashboard,
            cases=made,
            step=step,
            marks=marks or {},
        )
