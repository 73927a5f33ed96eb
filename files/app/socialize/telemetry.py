"""Telemetry: traces and metrics over OTLP, or metrics to be scraped; nothing at all when neither is set."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry import propagate
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from socialize.settings import Settings
from socialize.signals import start_counters

# The endpoint of either signal, or of both, in the variables that OpenTelemetry's own exporters read.
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


@dataclass
class Telemetry:
    """What has been started, to be ended once."""

    measuring: bool = False
    _endings: list[Callable[[], object]] = field(default_factory=list)

    def stop(self) -> None:
        """Send what is left."""
        for end in self._endings:
            end()

    def start(self, service: str, settings: Settings) -> None:
        """Start what the environment asks for. Without it, every measurement is dropped at once.

        Args:
            service: `service.name`.
            settings: of the app; where to send to comes from OpenTelemetry's own variables.
        """
        tracing, scraped = _is_set(_TRACES_ENDPOINT), settings.metrics_transport == "scrape"
        self.measuring = scraped or _is_set(_METRICS_ENDPOINT)
        if not tracing and not self.measuring:
            return
        from socialize import export  # Only now: it takes a fifth of the time to start.

        resource = export.resource(service, settings)
        if tracing:
            self._endings.append(export.trace_to_otlp(resource, settings.trace_sample_ratio).shutdown)
        if self.measuring:
            reader = export.scrape_reader(settings.metrics_port) if scraped else export.otlp_reader()
            meters = export.measure(resource, reader)
            self._endings.append(lambda: meters.shutdown(export.EXPORT_TIMEOUT_SECONDS * 1000))
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
