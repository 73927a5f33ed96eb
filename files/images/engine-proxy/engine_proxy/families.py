"""Every metric that is served. Names are cAdvisor's wherever they mean the same; its labels ``id``, ``cpu`` and
``device`` are not there."""

from __future__ import annotations

from engine_proxy.exposition import Family


def _gauge(text: str) -> Family:
    return Family("gauge", text)


def _counter(text: str) -> Family:
    return Family("counter", text)


FAMILIES: dict[str, Family] = {
    "engine_up": _gauge("Whether the Docker engine answered."),
    "engine_containers": _gauge("Containers that the engine has, by state."),
    "engine_unreadable_containers": _gauge(
        "Containers that are there and that the engine did not tell all about in this scrape."
    ),
    "engine_proxy_requests_total": _counter("Requests to the Docker API's proxy: answered, refused, failed."),
    "container_running": _gauge("Whether the container runs."),
    "container_health_status": _gauge("1 for the state of the container's health check; no series without one."),
    "container_restarts_total": _counter("Restarts by the restart policy since the container was made."),
    "container_oom_events_total": _counter("Times that the container ran out of memory, since engine-proxy looks."),
    "container_exit_code": _gauge("Exit code of a container that ran and does not run now."),
    "container_start_time_seconds": _gauge("When the container was last started, in seconds since 1970."),
    "container_spec_memory_limit_bytes": _gauge("Memory that the container may use; 0 is no limit."),
    "container_spec_cpu_quota": _gauge(
        "Microseconds of CPU that the container may use in each period; no series without a limit."
    ),
    "container_spec_cpu_period": _gauge("Length of the period that the quota is for, in microseconds."),
    "container_threads_max": _gauge("Threads that the container may have; 0 is no limit."),
    "container_threads": _gauge("Threads of all processes of the container."),
    "container_cpu_usage_seconds_total": _counter("CPU time used, of all cores together."),
    "container_cpu_cfs_periods_total": _counter("Periods of the CPU quota that went by while there was work."),
    "container_cpu_cfs_throttled_periods_total": _counter("Periods in which the CPU quota was used up."),
    "container_cpu_cfs_throttled_seconds_total": _counter("Time for which threads waited for the next period."),
    "container_memory_usage_bytes": _gauge("Memory used, files in memory among it."),
    "container_memory_working_set_bytes": _gauge(
        "Memory used that cannot be had back at once: without inactive files."
    ),
    "container_network_receive_bytes_total": _counter("Bytes received."),
    "container_network_receive_errors_total": _counter("Errors while receiving."),
    "container_network_receive_packets_dropped_total": _counter("Packets dropped while receiving."),
    "container_network_transmit_bytes_total": _counter("Bytes sent."),
    "container_network_transmit_errors_total": _counter("Errors while sending."),
    "container_network_transmit_packets_dropped_total": _counter("Packets dropped while sending."),
    "container_fs_reads_bytes_total": _counter("Bytes read from block devices; no series before the first."),
    "container_fs_writes_bytes_total": _counter("Bytes written to block devices; no series before the first."),
}
