"""The engine proxy as it is shipped, in a process of its own, before an engine that answers what it is told."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from unit.fakeengine import (
    CANARY,
    CGROUP_V1,
    CGROUP_V2,
    INSPECTED,
    LISTED,
    NEVER,
    OF_API,
    FakeEngine,
    Proxy,
    ask,
)
from unit.given import bundle, settings

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture(scope="module")
def engine_socket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "docker.sock"


@pytest.fixture(scope="module")
def an_engine(engine_socket: Path) -> Iterator[FakeEngine]:
    with FakeEngine(engine_socket) as engine:
        yield engine
        engine.shutdown()


@pytest.fixture
def engine(an_engine: FakeEngine) -> FakeEngine:
    an_engine.has((INSPECTED, CGROUP_V2))
    return an_engine


@pytest.fixture(scope="module")
def proxy(an_engine: FakeEngine, engine_socket: Path) -> Iterator[Proxy]:
    proxy = Proxy(engine_socket)
    yield proxy
    proxy.process.kill()
    proxy.process.communicate()


@pytest.fixture
def proxy_alone(tmp_path: Path) -> Iterator[Proxy]:
    """Nobody listens at its socket."""
    proxy = Proxy(tmp_path / "none.sock")
    yield proxy
    proxy.process.kill()
    proxy.process.communicate()


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/info",
        "/version",
        "/events",
        "/images/json",
        "/volumes",
        "/networks/n1",
        "/containers/a1/json",
        "/containers/a1/logs?stdout=1",
        "/containers/a1/archive?path=/etc/shadow",
        "/containers/json?size=1",
        "/containers/json?filters={}&all=1",
        "/containers/json/",
        "/containers/../containers/json",
        "/containers/%6ason",
        "/v1.41/v1.41/networks",
        "/v1.41x/networks",
        "http://engine/networks",
        "/_ping?filters={}",
    ],
)
def test_another_target_is_refused_and_the_engine_hears_nothing_of_it(
    engine: FakeEngine, proxy: Proxy, target: str
) -> None:
    engine.asked.clear()
    answer = proxy.ask(target)
    said = json.loads(answer.read())
    assert (answer.status, list(said)) == (403, ["message"])
    assert "/containers/json and /networks" in said["message"]
    assert engine.heard == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "ATTACH"])
def test_another_method_is_refused(engine: FakeEngine, proxy: Proxy, method: str) -> None:
    before = proxy.metrics()['engine_proxy_requests_total{outcome="refused"}']
    engine.asked.clear()
    assert proxy.ask("/containers/json", method, body=b"{}" * 1000).status == 403
    assert engine.heard == []
    assert proxy.metrics()['engine_proxy_requests_total{outcome="refused"}'] == before + 1


def test_containers_come_without_what_may_be_secret(engine: FakeEngine, proxy: Proxy) -> None:
    answer = proxy.ask("/v1.41/containers/json")
    text = answer.read().decode()
    assert answer.status == 200
    assert CANARY not in text
    assert json.loads(text) == [
        {
            **{name: LISTED[name] for name in ("Id", "Names", "Image", "Ports", "State", "Status")},
            "Labels": {"com.docker.compose.project": "socialize", "com.docker.compose.service": "api"},
            "HostConfig": {"NetworkMode": "socialize_edge"},
            "NetworkSettings": {"Networks": {"edge": {"NetworkID": "n1", "IPAddress": "10.0.0.2"}}},
        }
    ]


def test_networks_come_without_options_and_foreign_labels(engine: FakeEngine, proxy: Proxy) -> None:
    [network] = proxy.json("/v1.41/networks")
    assert CANARY not in json.dumps(network)
    assert (network["Name"], network["Labels"]) == ("edge", {"com.docker.compose.project": "socialize"})


def test_filters_reach_the_engine_as_they_were_asked(engine: FakeEngine, proxy: Proxy) -> None:
    target = "/v1.41/containers/json?filters=%7B%22label%22%3A%7B%22a%3Db%22%3Atrue%7D%7D"
    engine.answers[target] = []
    assert proxy.json(target) == []
    assert target in engine.asked


def test_a_client_learns_the_api_version_from_a_head_request(engine: FakeEngine, proxy: Proxy) -> None:
    answer = proxy.ask("/_ping", "HEAD")
    assert (answer.status, answer.headers["Api-Version"], answer.headers["Ostype"]) == (200, "1.41", "linux")
    assert answer.read() == b""


def test_what_the_engine_refuses_is_passed_on(engine: FakeEngine, proxy: Proxy) -> None:
    engine.answers["/v1.41/networks"] = 400
    answer = proxy.ask("/v1.41/networks")
    assert (answer.status, json.loads(answer.read())) == (400, {"message": "said by the engine"})


def test_metrics_of_a_container(engine: FakeEngine, proxy: Proxy) -> None:
    of = {series: value for series, value in proxy.metrics().items() if series.startswith("container_")}
    expected = {
        "container_running": 1,
        "container_restarts_total": 3,
        "container_oom_events_total": 0,
        "container_start_time_seconds": 1767323045.123456,
        "container_spec_memory_limit_bytes": 402653184,
        "container_spec_cpu_quota": 150000,
        "container_spec_cpu_period": 100000,
        "container_threads": 12,
        "container_threads_max": 100,
        "container_cpu_usage_seconds_total": 2.5,
        "container_cpu_cfs_periods_total": 40,
        "container_cpu_cfs_throttled_periods_total": 5,
        "container_cpu_cfs_throttled_seconds_total": 0.75,
        "container_memory_usage_bytes": 1000,
        "container_memory_working_set_bytes": 700,
        "container_fs_reads_bytes_total": 12,
        "container_fs_writes_bytes_total": 3,
    }
    on_interfaces = {
        ("receive_bytes", "eth0"): 1,
        ("receive_errors", "eth0"): 2,
        ("receive_packets_dropped", "eth0"): 3,
        ("transmit_bytes", "eth0"): 4,
        ("transmit_errors", "eth0"): 5,
        ("transmit_packets_dropped", "eth0"): 6,
        ("receive_bytes", "eth1"): 10,
        ("transmit_bytes", "eth1"): 40,
    }
    health = {"starting": 0, "healthy": 1, "unhealthy": 0}
    assert of == pytest.approx(
        {f"{name}{{{OF_API}}}": value for name, value in expected.items()}
        | {f'container_health_status{{{OF_API},status="{status}"}}': value for status, value in health.items()}
        | {
            f'container_network_{what}_total{{{OF_API},interface="{interface}"}}': value
            for (what, interface), value in on_interfaces.items()
        }
    )
    assert CANARY not in proxy.page()


def test_metrics_of_a_container_with_control_groups_of_version_1(engine: FakeEngine, proxy: Proxy) -> None:
    engine.has((INSPECTED, CGROUP_V1))
    metrics = proxy.metrics()
    assert metrics[f"container_memory_working_set_bytes{{{OF_API}}}"] == 600
    assert metrics[f"container_fs_reads_bytes_total{{{OF_API}}}"] == 9
    assert f"container_fs_writes_bytes_total{{{OF_API}}}" not in metrics


def test_a_container_without_limits_or_compose_or_health_check(engine: FakeEngine, proxy: Proxy) -> None:
    foreign = INSPECTED | {
        "Name": "/foreign",
        "Config": {"Image": 'a"b\\c\nd', "Labels": None},
        "State": INSPECTED["State"] | {"Health": None},  # type: ignore[operator]
        "HostConfig": {"Memory": 0, "NanoCpus": 0, "CpuPeriod": 0, "CpuQuota": -1, "PidsLimit": None},
    }
    engine.has((foreign, CGROUP_V2))
    metrics = proxy.metrics()
    labels = r'name="foreign",service="",project="",image="a\"b\\c\nd"'
    assert metrics[f"container_spec_memory_limit_bytes{{{labels}}}"] == 0
    assert metrics[f"container_threads_max{{{labels}}}"] == 0
    assert not [series for series in metrics if series.startswith(("container_spec_cpu", "container_health"))]


def test_a_container_that_ended_says_how_and_is_asked_for_nothing_else(engine: FakeEngine, proxy: Proxy) -> None:
    ended = {"Running": False, "ExitCode": 137, "StartedAt": "2026-01-02T03:04:05Z"}
    never = ended | {"ExitCode": 0, "StartedAt": NEVER}
    engine.has((INSPECTED | {"State": ended}, 500), (INSPECTED | {"Id": "b2", "Name": "/made", "State": never}, 500))
    metrics = proxy.metrics()
    assert metrics[f"container_running{{{OF_API}}}"] == 0
    assert [value for series, value in metrics.items() if series.startswith("container_exit_code")] == [137]
    assert metrics['engine_containers{state="exited"}'] == 2
    assert metrics["engine_unreadable_containers"] == 0


def test_counters_of_a_container_that_stops_meanwhile_do_not_fall_to_nought(engine: FakeEngine, proxy: Proxy) -> None:
    zeros = {"read": NEVER, "cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}, "pids_stats": {}}
    engine.has((INSPECTED, zeros))
    metrics = proxy.metrics()
    assert metrics[f"container_running{{{OF_API}}}"] == 1
    assert f"container_cpu_usage_seconds_total{{{OF_API}}}" not in metrics


@pytest.mark.parametrize(
    ("target", "answer"),
    [("json", 404), ("stats?stream=false&one-shot=true", 404), ("stats?stream=false&one-shot=true", b"")],
    ids=["inspection", "statistics", "in the middle of them"],
)
def test_a_container_that_vanishes_is_left_out(engine: FakeEngine, proxy: Proxy, target: str, answer: Any) -> None:
    engine.has((INSPECTED, CGROUP_V2), (INSPECTED | {"Id": "b2", "Name": "/vanished"}, CGROUP_V2))
    engine.answers[f"/v1.41/containers/b2/{target}"] = answer
    metrics = proxy.metrics()
    assert metrics[f"container_running{{{OF_API}}}"] == 1
    assert not [series for series in metrics if "vanished" in series]
    assert metrics["engine_unreadable_containers"] == 0


@pytest.mark.parametrize("stats", [500, "nonsense"], ids=["error", "nonsense"])
def test_a_container_that_the_engine_will_not_speak_of_is_counted(engine: FakeEngine, proxy: Proxy, stats: Any) -> None:
    engine.has((INSPECTED, stats))
    metrics = proxy.metrics()
    assert metrics["engine_unreadable_containers"] == 1
    assert metrics[f"container_running{{{OF_API}}}"] == 1


def test_containers_are_asked_at_the_same_time(engine: FakeEngine, proxy: Proxy) -> None:
    together = threading.Barrier(16, timeout=4)

    def stats() -> Any:
        together.wait()
        return CGROUP_V2

    engine.has(*((INSPECTED | {"Id": f"c{number}", "Name": f"/c{number}"}, stats) for number in range(16)))
    running = [series for series in proxy.metrics() if series.startswith("container_threads{")]
    assert len(running) == 16


def test_every_series_has_a_head_and_no_family_comes_in_pieces(engine: FakeEngine, proxy: Proxy) -> None:
    engine.has((INSPECTED, CGROUP_V2), (INSPECTED | {"Id": "b2", "Name": "/b"}, CGROUP_V2))
    lines = proxy.page().splitlines()
    heads = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    names = [line.partition("{")[0].split()[0] for line in lines if not line.startswith("#")]
    assert list(dict.fromkeys(names)) == heads
    assert sum(one != other for one, other in pairwise(names)) == len(heads) - 1
    counters = [line.split()[2] for line in lines if line.endswith(" counter")]
    assert counters == [name for name in heads if name.endswith("_total")]


def test_the_metrics_port_has_nothing_else(proxy: Proxy) -> None:
    assert ask(proxy.metrics_port, "/containers/json").status == 403
    assert ask(proxy.metrics_port, "/metrics", "POST").status == 403


def test_health_is_that_of_the_engine_behind_it(engine: FakeEngine, proxy: Proxy) -> None:
    assert proxy.healthcheck().returncode == 0
    engine.answers["/_ping"] = 500
    failed = proxy.healthcheck()
    assert (failed.returncode, "500" in failed.stderr) == (1, True)


def test_without_an_engine_it_says_so_and_ends_to_get_the_new_socket(proxy_alone: Proxy) -> None:
    lines = [json.loads(line) for line in proxy_alone.process.communicate(timeout=20)[0].splitlines()]
    assert proxy_alone.process.returncode == 1
    assert [line["level"] for line in lines] == ["error"]
    assert "socket" in lines[0]["message"]


def test_an_engine_that_does_not_answer_is_a_bad_gateway_and_a_metric(engine: FakeEngine, proxy: Proxy) -> None:
    engine.answers = {"/_ping": "OK", "/v1.41/networks": {"not": "a list"}}
    assert proxy.ask("/v1.41/networks").status == 502
    metrics = proxy.metrics()
    assert metrics["engine_up"] == 0
    assert not [series for series in metrics if series.startswith("container_")]


def test_a_signal_ends_it_at_once_even_in_the_middle_of_a_scrape(an_engine: FakeEngine, engine_socket: Path) -> None:
    asked, released = threading.Event(), threading.Event()

    def stats() -> Any:
        asked.set()
        released.wait(20)
        return CGROUP_V2

    an_engine.has((INSPECTED, stats))
    proxy = Proxy(engine_socket)
    waiting = threading.Thread(target=proxy.page_in_vain)
    waiting.start()
    assert asked.wait(10)
    proxy.process.send_signal(signal.SIGTERM)
    assert proxy.process.wait(timeout=2) == 0
    released.set()
    waiting.join()
    assert proxy.process.communicate()[0] == ""


def test_the_service_alone_has_the_engines_socket_and_one_network() -> None:
    with_socket = [path for path in TEMPLATES.rglob("*.j2") if "docker.sock" in path.read_text()]
    assert with_socket == [TEMPLATES / "engine-proxy" / "service.yaml.j2"]
    files = bundle(settings(observability=True, observability_components=("prometheus", "engine-proxy")))
    service = yaml.safe_load(files["compose.observability.yaml"].text)["services"]["engine-proxy"]
    assert service["volumes"] == ["/var/run/docker.sock:/var/run/docker.sock:ro"]
    assert service["networks"] == ["engine"]
    assert (service["user"], service["read_only"], service["cap_drop"]) == ("0:0", True, ["ALL"])
    assert not service.keys() & {"cap_add", "ports", "privileged"}
    assert service["healthcheck"]["test"] == ["CMD", "engine-proxy", "healthcheck"]
