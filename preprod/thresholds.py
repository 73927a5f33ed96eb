"""What is not normal, where neither the telemetry contract nor another setting says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[float, Field(gt=0, lt=100)]


class Thresholds(BaseModel):
    """Thresholds of alerts; what the app is expected to do stands in its contract."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    events: int = Field(
        20, ge=1, le=1000, description="Requests or events without which no share and no quantile is judged."
    )
    error_percent: Percent = Field(5, description="Answers that are server errors, in per cent.")
    unusual_factor: float = Field(3, gt=1, description="How many times as much as usual is unusual.")
    quiet_periods: int = Field(3, ge=1, le=30, description="Earlier periods that use is compared with.")
    disk_percent: Percent = Field(15, description="Free disk below which a warning is due, in per cent.")
    disk_full_percent: Percent = Field(5, description="Free disk below which it is critical, in per cent.")
    inodes_percent: Percent = Field(10, description="Free inodes below which a warning is due, in per cent.")
    memory_percent: Percent = Field(10, description="Available memory of the host, in per cent.")
    load_per_core: float = Field(2, gt=0, description="Load of the host (five minutes) per core.")
    clock_seconds: float = Field(0.1, gt=0, description="Offset of the host's clock, in seconds.")
    container_memory_percent: Percent = Field(90, description="Use of a container's memory limit, in per cent.")
    container_threads_percent: Percent = Field(90, description="Use of a container's limit of threads, in per cent.")
    container_throttled_percent: Percent = Field(50, description="CPU periods in which the quota was used up.")
    container_starts: int = Field(3, ge=2, le=10, description="Starts of one container in a quarter of an hour.")
    database_connections_percent: Percent = Field(80, description="Connections of Postgres in use, in per cent.")
    database_rollback_percent: Percent = Field(20, description="Transactions that were rolled back, in per cent.")
    database_transaction_seconds: float = Field(600, gt=0, description="Age of a transaction, in seconds.")
    queue_percent: Percent = Field(80, description="Fill of Alloy's queues, in per cent.")
    probe_seconds: float = Field(2, gt=0, description="Time that a probe takes, in seconds.")
    certificate_days: float = Field(20, gt=0, description="Life that a certificate has left, in days.")
    certificate_last_days: float = Field(3, gt=0, description="The same, below which it is critical.")
