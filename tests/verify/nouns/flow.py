"""One flow of telemetry: requests to the app, and what Prometheus had counted before them."""

from __future__ import annotations

import time

from preprod.contract import Contract, signals
from preprod.contract.signals import HTTP_DURATION
from verify.nouns.api import Api
from verify.nouns.machine import Machine
from verify.nouns.prometheus import PromQuery
from verify.nouns.traffic import Canary, Commenter

COMMENTS = "socialize.comments.created"
"""The counter that a comment increases."""


class Flow:
    """A comment, and a refused log-in with a canary, sent when this is made."""

    def __init__(self, contract: Contract, prometheus: PromQuery, api: Api, machine: Machine, delay: float) -> None:
        """
        :param delay: seconds until what the app measures can be asked of Prometheus.
        :raises UnexpectedAnswer: the app or Prometheus does not do its part.
        """
        assert contract.http
        service = contract.http.service
        names = {signal.name: signal.prometheus for signal in signals(contract)}
        self._prometheus = prometheus
        self.canary = Canary()
        commenter, at = Commenter(api), machine.now
        # What Tempo makes of spans names the service alone.
        self._before = prometheus.values(f'{{job="{service}"}} or {{service="{service}"}}')
        self.comment = commenter.comment(at)
        self.log_in = self.canary.log_in(api, at)
        self._delay, self._sent = delay, time.monotonic()
        # What this has increased, in PromQL.
        self.comments = f'{names[COMMENTS]}{{job="{service}"}}'
        self.answers, self.seconds, self.buckets = (
            self.comment.selected(f"{names[HTTP_DURATION]}_{part}", service) for part in ("count", "sum", "bucket")
        )
        self.calls = f'traces_spanmetrics_calls_total{{service="{service}",span_name="{self.comment.span_name}"}}'
        self.refusals = self.log_in.selected(f"{names[HTTP_DURATION]}_count", service)

    @property
    def patience(self) -> float:
        """Seconds that are left until all of it should have been measured."""
        return self.left(self._delay)

    def left(self, seconds: float) -> float:
        """What is left of so many seconds since the requests: none of many tests waits once more for what is lost."""
        return max(0.0, self._sent + seconds - time.monotonic())

    def growth(self, query: str) -> float:
        """By how much the series of a query have grown since before the requests; those that are new began at zero."""
        now = self._prometheus.values(query)
        # Series by series: those of processes that have ended fall out of the answer after a while.
        return sum(max(0.0, value - self._before.get(series, 0.0)) for series, value in now.items())
