"""Telemetry: traces and metrics over OTLP, or metrics to be scraped; nothing at all when neither is set.

Where to is said by OpenTelemetry's own variables: `OTEL_EXPORTER_OTLP_ENDPOINT` is the base of the addresses
of both signals; `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`, each a whole
URL, are stronger, and either may stand alone. With metrics alone there are trace ids in the log lines, and no
spans.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry import propagate
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from socialize.settings import Settings
from socialize.signals import start_counters

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"

STOP_SECONDS = 3.0
"""How long sending what is left may hold up the end of the process."""


@dataclass
class Telemetry:
    """What has been started, to be ended once."""

    measuring: bool = False
    _endings: list[Callable[[], object]] = field(default_factory=list)

    def stop(self) -> None:
        """Send what is left, as far as `STOP_SECONDS` reach."""
        threads = [threading.Thread(target=end, daemon=True) for end in self._endings]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def start(self, service: str, settings: Settings) -> None:
        """Start what the environment asks for. Without it, every measurement is dropped at once.

        Args:
            service: `service.name`.
            settings: of the app.
        """
        tracing, scraped = _is_set(_TRACES_ENDPOINT), settings.metrics_transport == "scrape"
        self.measuring = scraped or _is_set(_METRICS_ENDPOINT)
        if not tracing and not self.measuring:
            return
        from socialize import export, otlp  # Only now: it takes a fifth of the time to start.

        resource, delivery = export.resource(service, settings), otlp.Delivery()
        if tracing:
            traces = export.trace_to_otlp(resource, settings.trace_sample_ratio, delivery)
            self._endings.append(traces.shutdown)
        else:
            export.trace_to_nowhere(resource)
        if self.measuring:
            reader = export.scrape_reader(settings.metrics_port) if scraped else export.otlp_reader(delivery)
            self._endings.append(export.measure(resource, reader).shutdown)
            start_counters(service)


@contextmanager
def running(service: str, settings: Settings) -> Iterator[Telemetry]:
    """Telemetry around a program: started before it, and what is left is sent after it."""
    propagate.set_global_textmap(TraceContextTextMapPropagator())  # No baggage: it is text from outside.
    telemetry = Telemetry()
    telemetry.start(service, settings)
    try:
        yield telemetry
    finally:
        telemetry.stop()


def _is_set(endpoint: str) -> bool:
    return bool(os.environ.get(_ENDPOINT) or os.environ.get(endpoint))
