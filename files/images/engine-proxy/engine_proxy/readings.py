"""From what the engine says of one container to samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from engine_proxy.exposition import Sample

CFS_PERIOD = 100_000
"""Microseconds; the kernel's default, to which the engine turns a limit given in cores."""

HEALTH = ("starting", "healthy", "unhealthy")

_SECONDS = 1e-9
"""The engine gives times in nanoseconds."""

_PLAIN: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("container_threads", ("pids_stats", "current"), 1),
    ("container_cpu_usage_seconds_total", ("cpu_stats", "cpu_usage", "total_usage"), _SECONDS),
    ("container_cpu_cfs_periods_total", ("cpu_stats", "throttling_data", "periods"), 1),
    ("container_cpu_cfs_throttled_periods_total", ("cpu_stats", "throttling_data", "throttled_periods"), 1),
    ("container_cpu_cfs_throttled_seconds_total", ("cpu_stats", "throttling_data", "throttled_time"), _SECONDS),
    ("container_memory_usage_bytes", ("memory_stats", "usage"), 1),
)
"""Metric, where its value stands in the statistics, factor."""

_NETWORK = {
    "rx_bytes": "container_network_receive_bytes_total",
    "rx_errors": "container_network_receive_errors_total",
    "rx_dropped": "container_network_receive_packets_dropped_total",
    "tx_bytes": "container_network_transmit_bytes_total",
    "tx_errors": "container_network_transmit_errors_total",
    "tx_dropped": "container_network_transmit_packets_dropped_total",
}
_BLOCKS = {"read": "container_fs_reads_bytes_total", "write": "container_fs_writes_bytes_total"}
_INACTIVE = ("total_inactive_file", "inactive_file")
"""Of cgroup v1, where the second is without the children; of cgroup v2."""


def labels(container: Mapping[str, Any]) -> dict[str, str]:
    """The labels of all series of a container, from its inspection; empty where it is not of a Compose project."""
    config = container["Config"]
    own = config.get("Labels") or {}
    return {
        "name": container["Name"].removeprefix("/"),
        "service": own.get("com.docker.compose.service", ""),
        "project": own.get("com.docker.compose.project", ""),
        "image": config.get("Image", ""),
    }


def state(container: Mapping[str, Any]) -> Iterator[Sample]:
    """What an inspection says: state and limits."""
    of = labels(container)
    now = container["State"]
    started = _seconds(now["StartedAt"])
    yield Sample("container_running", of, int(now["Running"]))
    yield Sample("container_restarts_total", of, container.get("RestartCount", 0))
    if started is not None:
        yield Sample("container_start_time_seconds", of, started)
        if not now["Running"]:
            yield Sample("container_exit_code", of, now["ExitCode"])
    health = (now.get("Health") or {}).get("Status")
    if health in HEALTH:
        yield from (Sample("container_health_status", {**of, "status": one}, int(one == health)) for one in HEALTH)
    yield from _limits(of, container["HostConfig"])


def _limits(of: Mapping[str, str], host: Mapping[str, Any]) -> Iterator[Sample]:
    # The engine gives "no limit" as null, 0 or -1, by version and field.
    yield Sample("container_spec_memory_limit_bytes", of, max(host.get("Memory") or 0, 0))
    yield Sample("container_threads_max", of, max(host.get("PidsLimit") or 0, 0))
    period = host.get("CpuPeriod") or CFS_PERIOD
    quota = host.get("CpuQuota") or (host.get("NanoCpus") or 0) * _SECONDS * period
    if quota > 0:
        yield Sample("container_spec_cpu_quota", of, round(quota))
        yield Sample("container_spec_cpu_period", of, period)


def statistics(of: Mapping[str, str], stats: Mapping[str, Any]) -> Iterator[Sample]:
    """What the statistics say; nothing of a container that stopped meanwhile, whose counters would be noughts.

    :param of: the labels of the container.
    """
    if _at(stats, ("memory_stats", "usage")) is None:
        return
    for name, path, factor in _PLAIN:
        if (value := _at(stats, path)) is not None:
            yield Sample(name, of, value * factor)
    yield Sample("container_memory_working_set_bytes", of, _working_set(stats["memory_stats"]))
    for interface, counts in (stats.get("networks") or {}).items():
        on = {**of, "interface": interface}
        yield from (Sample(name, on, counts[field]) for field, name in _NETWORK.items() if field in counts)
    yield from _blocks(of, stats)


def _working_set(memory: Mapping[str, Any]) -> float:
    """cAdvisor's definition, never below nought."""
    details = memory.get("stats") or {}
    inactive = next((details[field] for field in _INACTIVE if field in details), 0)
    return float(max(memory["usage"] - inactive, 0))


def _blocks(of: Mapping[str, str], stats: Mapping[str, Any]) -> Iterator[Sample]:
    """Sums over all devices; operations are spelled ``Read`` with cgroup v1 and ``read`` with v2."""
    entries = _at(stats, ("blkio_stats", "io_service_bytes_recursive")) or []
    for operation, name in _BLOCKS.items():
        values = [entry["value"] for entry in entries if entry["op"].lower() == operation]
        if values:
            yield Sample(name, of, sum(values))


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = (tree or {}).get(name)
    return tree


def _seconds(time: str) -> float | None:
    """Seconds since 1970; None for the engine's "never", the year 1."""
    return None if time.startswith("0001-") else datetime.fromisoformat(time).timestamp()
