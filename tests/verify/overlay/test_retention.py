"""How long each store keeps its signal, and how late it takes it, as the store itself says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.nouns.deployment import Observability
from verify.nouns.loki import LokiQuery
from verify.nouns.measures import seconds, size
from verify.nouns.program import Program
from verify.nouns.prometheus import PromQuery
from verify.nouns.tempo import Tempo

pytestmark = pytest.mark.needs("observability")

DAY = 86400


def test_metrics_are_kept_as_set(prometheus: PromQuery, observability: Observability) -> None:
    wanted = observability.retention
    time, most = prometheus.retention
    assert seconds(time) == wanted.metrics_days * DAY, f"retention of {prometheus} by time"
    assert size(most) == pytest.approx(wanted.metrics_gb * 1e9, rel=0.01), f"retention of {prometheus} by size"


@pytest.mark.needs("longterm")
def test_hourly_metrics_are_kept_as_set(programs: Callable[[str], Program], observability: Observability) -> None:
    longterm = PromQuery(programs("longterm"))
    time, _ = longterm.retention
    assert seconds(time) == observability.retention.longterm_days * DAY, f"retention of {longterm}"


@pytest.mark.needs("loki")
def test_lines_are_kept_as_set(loki: LokiQuery, observability: Observability) -> None:
    wanted, limits = observability.retention, loki.configuration["limits_config"]
    assert loki.configuration["compactor"]["retention_enabled"] is True, f"{loki} should remove what is old"
    assert seconds(limits["retention_period"]) == wanted.logs_days * DAY, f"retention of {loki}"
    # Of the streams that two entries select, that with the larger priority decides.
    entries = sorted(limits["retention_stream"] or (), key=lambda entry: -int(entry["priority"]))
    found = [(entry["selector"], seconds(entry["period"])) for entry in entries]
    assert found[0] == ('{log_type="audit"}', wanted.audit_logs_days * DAY), f"retention of audit events in {loki}"
    levels = {f'{{level="{level}"}}': days * DAY for level, days in wanted.logs_days_by_level.items()}
    assert dict(found[1:]) == levels, f"retention of {loki} by level"


@pytest.mark.needs("loki")
def test_nobody_can_delete_lines(loki: LokiQuery) -> None:
    assert loki.configuration["limits_config"]["deletion_mode"] == "disabled", f"{loki} has no log-in of its own"


@pytest.mark.needs("tempo")
def test_traces_are_kept_as_set(tempo: Tempo, observability: Observability) -> None:
    kept = tempo.configuration["backend_worker"]["compaction"]["block_retention"]
    assert seconds(kept) == observability.retention.traces_days * DAY, f"retention of {tempo}"


def test_late_metrics_are_taken(prometheus: PromQuery, observability: Observability) -> None:
    window = prometheus.configuration["storage"]["tsdb"]["out_of_order_time_window"]
    assert seconds(window) >= observability.outage_tolerance, f"how late {prometheus} takes samples"


@pytest.mark.needs("loki")
def test_late_lines_are_taken(loki: LokiQuery, observability: Observability) -> None:
    # A stream takes lines that are older than its newest by up to half of this.
    window = seconds(loki.configuration["ingester"]["max_chunk_age"]) / 2
    oldest = seconds(loki.configuration["limits_config"]["reject_old_samples_max_age"])
    assert min(window, oldest) >= observability.outage_tolerance, f"how late {loki} takes lines"


@pytest.mark.needs("tempo")
def test_late_spans_are_taken(tempo: Tempo, observability: Observability) -> None:
    window = tempo.configuration["live_store"]["wal"]["ingestion_time_range_slack"]
    assert seconds(window) >= observability.outage_tolerance, f"how late {tempo} takes spans that a search shall find"
