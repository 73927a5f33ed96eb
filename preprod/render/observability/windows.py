"""How long a backend may be away: one setting, and everything that has to be as long as it.

Alloy keeps what a stopped backend would have got, and hands it over afterwards with its old timestamps. That fills
the gap only if the backend still takes what is so old: each has a window of its own, and each answers what lies
outside of it with a refusal that no sender repeats (Tempo takes it, but never finds it again by search).
"""

from __future__ import annotations

from math import ceil

from preprod.settings import Settings

MARGIN = 600
"""Seconds that data may be late beyond the outage: the start of the backend (Prometheus and Loki replay their logs
of writes first), the longest pause between two tries (30 s), and the app's own export interval."""

LINES_AGE = 7 * 86400
"""Seconds; Loki's own `reject_old_samples_max_age`. Lines that old may still lie in Docker's files when collecting
begins, or when Alloy itself was stopped for days. A stream that has newer ones takes them for `chunk_age` / 2 only."""

LOKI_CHUNK_AGE = 7200
"""Seconds; Loki's own `max_chunk_age`, and the least one used here. Much more would keep lines of slow streams beyond
their retention: what is not written yet is not removed either."""

TRACE_BYTES_PER_SECOND = 64 * 1024
"""Traces that the queue is made for, in bytes of OTLP: fifty requests a second of four spans each. The contract's
spans have 300 bytes on average (measured)."""

METRIC_BYTES_PER_EXPORT = 1024 * 1024
"""Metrics that the queue is made for, in bytes of OTLP, each time that all export: fifty processes. One of the API has
20 kB (measured with every signal of the contract)."""

LINE_BYTES_PER_SECOND = 64 * 1024
"""Log lines that the queue is made for, in bytes of OTLP: 130 a second. One of the API has 500 bytes (measured)."""


def lateness(settings: Settings) -> int:
    """The oldest that data can be when they arrive after an outage, in seconds: Prometheus'
    `out_of_order_time_window` and Tempo's `ingestion_time_range_slack`."""
    return settings.telemetry_outage_tolerance + MARGIN


def chunk_age(settings: Settings) -> int:
    """Loki's `max_chunk_age` in seconds: a stream takes lines that are older than its newest by up to half of it."""
    return max(2 * lateness(settings), LOKI_CHUNK_AGE)


def trace_queue(settings: Settings) -> int:
    """Bytes on disk for traces that Tempo has not taken; beyond them the newest are refused, and counted so."""
    return TRACE_BYTES_PER_SECOND * lateness(settings)


def metric_queue(settings: Settings) -> int:
    """Bytes on disk for metrics that Prometheus has not taken; beyond them the newest are refused, and counted so."""
    return METRIC_BYTES_PER_EXPORT * ceil(lateness(settings) / settings.scrape_interval)


def line_queue(settings: Settings) -> int:
    """Bytes on disk for log lines that Loki has not taken; beyond them lines wait in Docker's files, which rotate."""
    return LINE_BYTES_PER_SECOND * lateness(settings)
