"""Every contract's emitter, run as a program against an OTLP receiver: what arrives is what the contract lists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from preprod.contract import Contract, Signal, load, signals, spans
from preprod.contract.signals import operations
from preprod.render.contract_page import CONTRACTS
from preprod.render.emitter import SDK, emitter, plan
from preprod.render.templates import ROOT
from unit.receiver import Received, plain, points, receiver

NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))
KINDS = {"counter": "sum", "histogram": "histogram", "gauge": "gauge"}
HTTP = "http.server.request.duration"


@dataclass
class Run:
    """An emitter that ran to its end, and what came of it."""

    contract: Contract
    received: Received
    lines: list[dict[str, Any]]

    def metric(self, name: str) -> list[Any]:
        return [metric for _, metric in self.received.metrics if metric.name == name]

    def totals(self, name: str) -> list[float]:
        """The sums of a counter over all its series, one an export."""
        return [sum(point.as_double or point.as_int for point in points(metric)) for metric in self.metric(name)]

    def total(self, name: str) -> float:
        """The sum at the end."""
        return self.totals(name)[-1]


def contract(name: str) -> Contract:
    return load(CONTRACTS / f"{name}.yaml")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        path = tmp_path_factory.mktemp(name) / "emitter.py"
        path.write_text(emitter(contract(name)))
        return path

    return write


def start(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", program, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(program: Callable[[str], Path]) -> Callable[..., Run]:
    def run(name: str, *arguments: str) -> Run:
        with receiver() as received:
            done = start(
                program(name), "--endpoint", received.endpoint, "--interval", "0.2", "--duration", "0.5", *arguments
            )
        assert (done.returncode, done.stderr) == (0, "")
        return Run(contract(name), received, [json.loads(line) for line in done.stdout.splitlines()])

    return run


@pytest.fixture(scope="module", params=NAMES)
def normal(request: pytest.FixtureRequest, run: Callable[..., Run]) -> Run:
    return run(request.param)


def test_every_metric_arrives_from_every_service_as_the_contract_describes_it(normal: Run) -> None:
    wanted = {
        (service, signal.name, KINDS[signal.instrument], signal.unit, signal.description)
        for signal in signals(normal.contract)
        for service in signal.services
    }
    assert wanted == {
        (resource["service.name"], metric.name, metric.WhichOneof("data"), metric.unit, metric.description)
        for resource, metric in normal.received.metrics
    }


def test_every_combination_of_labels_arrives_and_no_other(normal: Run) -> None:
    for signal in signals(normal.contract):
        if signal.name != HTTP:
            wanted = set(product(*signal.labels.values()))
            last = normal.metric(signal.name)[-1]
            assert {
                tuple(plain(point.attributes)[label] for label in signal.labels) for point in points(last)
            } == wanted
            assert {len(point.attributes) for point in points(last)} == {len(signal.labels)}


def test_every_route_is_measured_with_allowed_labels(normal: Run) -> None:
    (http, *_) = signals(normal.contract)
    assert normal.contract.http
    seen = [plain(point.attributes) for point in points(normal.metric(HTTP)[-1])]
    wanted = list(operations(normal.contract.http))
    assert sorted(f"{found['http.request.method']} {found['http.route']}" for found in seen) == sorted(wanted)
    assert all(str(value) in http.labels[label] for found in seen for label, value in found.items())


def test_histograms_have_the_buckets_of_the_contract(normal: Run) -> None:
    for signal in signals(normal.contract):
        if signal.instrument == "histogram":
            assert {tuple(point.explicit_bounds) for m in normal.metric(signal.name) for point in points(m)} == {
                signal.buckets
            }


def test_counters_are_zero_first_and_then_grow_unless_they_count_what_should_not_be(normal: Run) -> None:
    for signal in counters(normal.contract):
        first, *_, last = [
            {tuple(plain(point.attributes).items()): point.as_double or point.as_int for point in points(metric)}
            for metric in normal.metric(signal.name)
        ]
        assert first.keys() == last.keys()
        assert set(first.values()) == {0}
        assert any(last.values()) == (signal.kind != "failure"), signal.name


def counters(of: Contract) -> Iterator[Signal]:
    return (signal for signal in signals(of) if signal.instrument == "counter")


def test_resources_are_what_the_contract_lists_with_one_instance_per_service(normal: Run) -> None:
    resources = [resource for resource, _ in (*normal.received.metrics, *normal.received.spans)]
    assert {tuple(sorted(resource)) for resource in resources} == {tuple(sorted(normal.contract.resource))}
    instances = {(resource["service.name"], resource["service.instance.id"]) for resource in resources}
    assert sorted(service for service, _ in instances) == sorted(normal.contract.services)


def test_every_kind_of_span_arrives_with_its_attributes_and_no_other_kind(normal: Run) -> None:
    known = spans(normal.contract)
    common = set(normal.contract.spans.common_attributes) - {"error.type"}
    seen: set[int] = set()
    for resource, span in normal.received.spans:
        kinds = [
            at
            for at, kind in enumerate(known)
            if kind.matches(span.name)
            and f"SPAN_KIND_{kind.kind.upper()}" == span.SpanKind.Name(span.kind)
            and resource["service.name"] in kind.services
            and set(plain(span.attributes)) == common | set(kind.attributes)
        ]
        assert kinds, f"{span.name} of {resource['service.name']} is not in the contract"
        seen.update(kinds)
    # Requests that no route matches are not made.
    assert {known[at].name for at in set(range(len(known))) - seen} <= {"{http.request.method}"}


def test_consumers_link_to_the_span_that_published(normal: Run) -> None:
    sent = {span.span_id for _, span in normal.received.spans if span.name.startswith("send ")}
    links = {
        link.span_id for _, span in normal.received.spans if span.name.startswith("process ") for link in span.links
    }
    assert links <= sent
    assert bool(links) == bool(normal.contract.queues)


def test_exemplars_lead_to_spans_that_arrived(normal: Run) -> None:
    measured = points(normal.metric(HTTP)[-1])
    assert measured
    ids = {span.span_id for _, span in normal.received.spans}
    assert all(exemplar.span_id in ids for point in measured for exemplar in point.exemplars)
    assert all(point.exemplars for point in measured)


def test_log_lines_of_every_type_hold_the_fields_of_the_contract(normal: Run) -> None:
    logs = normal.contract.logs
    fields = {
        log_type: tuple(sorted(name for name, of in logs.fields.items() if not of.types or log_type in of.types))
        for log_type in logs.types
    }
    wanted = {(service, *line) for service in normal.contract.services for line in fields.items()}
    assert {(line["service"], line["log_type"], tuple(sorted(line))) for line in normal.lines} == wanted


def test_a_failure_that_is_asked_for_happens_and_no_other(run: Callable[..., Run]) -> None:
    done = run("socialize", "--fail", "socialize.email.failures", "--rate", "3")
    failures = [signal.name for signal in counters(done.contract) if signal.kind == "failure"]
    assert [name for name in failures if done.total(name)] == ["socialize.email.failures"]
    # Six reasons, three times each, in two or three events; in one if the machine is busy.
    assert done.total("socialize.email.failures") in (18, 36, 54)


def test_a_failure_lasts_as_long_as_is_asked_for(run: Callable[..., Run]) -> None:
    breaks = ("--fail", "socialize.email.failures:0-2", "--fail", "socialize.blob.failures:9-10")
    done = run("socialize", "--duration", "3", *breaks)
    exports = done.totals("socialize.email.failures")
    # It grows at first, and no more in the last events; both services tell it at their end once more.
    assert 0 == exports[0] < exports[-5] == exports[-3] == exports[-1]
    assert done.total("socialize.blob.failures") == 0


def test_requests_that_are_asked_to_fail_do_so_slowly(run: Callable[..., Run]) -> None:
    done = run("assistant", "--fail", HTTP)
    measured = points(done.metric(HTTP)[-1])
    assert {plain(point.attributes)["http.response.status_code"] for point in measured} == {504}
    assert {plain(point.attributes)["error.type"] for point in measured} == {"504"}
    objectives = {r: group.slo.latency.seconds for group in done.contract.http.groups.values() for r in group.routes}
    for point in measured:
        found = plain(point.attributes)
        assert point.min > objectives[f"{found['http.request.method']} {found['http.route']}"]
    servers = [span for _, span in done.received.spans if span.SpanKind.Name(span.kind) == "SPAN_KIND_SERVER"]
    assert {span.status.code for span in servers} == {2}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_normal_meets_the_expectation_and_what_is_broken_misses_it(name: str) -> None:
    found = {signal.name: signal for signal in signals(contract(name))}
    judged = 0
    for metric in plan(contract(name))["metrics"]:
        signal = found[metric["name"]]
        if signal.expect is None:
            continue
        judged += 1
        of = next((m for m in plan(contract(name))["metrics"] if m["name"] == signal.expect.of), None)
        assert meets(signal, metric["series"], of, "normal"), f"{signal.name} is not normal"
        assert not meets(signal, metric["series"], of, "broken"), f"{signal.name} does not break"
    assert judged > 8


def meets(signal: Signal, series: list[dict[str, Any]], of: dict[str, Any] | None, state: str) -> bool:
    expect = signal.expect
    assert expect
    matching = [one for one in series if expect.where.items() <= one["attributes"].items()]
    if signal.instrument == "histogram":
        value = max(upper(signal.buckets, one[state]) for one in matching)
    elif signal.instrument == "gauge":
        value = max(one[state] for one in matching)
    else:
        paced = expect.per_seconds if matching[0]["paced"] else 1
        value = sum(one[state] for one in matching) * (paced or 1)
    if of:
        # Broken is one signal at a time.
        other = state if of["name"] == signal.name else "normal"
        value /= sum(one[other] for one in of["series"])
    return value <= expect.at_most if expect.at_most is not None else value >= (expect.at_least or 0)


def upper(buckets: tuple[float, ...], value: float) -> float:
    """The bound below which Prometheus would say the value lies; above the last one it says the last one."""
    return next((high for low, high in pairwise((0, *buckets)) if low < value <= high), buckets[-1])


def test_without_a_receiver_it_ends_with_a_sentence(program: Callable[[str], Path]) -> None:
    done = start(program("assistant"), "--endpoint", "http://127.0.0.1:1", "--duration", "0.1")
    sentence = "http://127.0.0.1:1 does not take signals by OTLP/HTTP: is a receiver there?\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("--rate", "1001", "argument --rate: 1001 is not between 1 and 1000"),
        ("--duration", "0", "argument --duration: 0 is not between 0.1 and 86400"),
        ("--interval", "nan", "argument --interval: nan is not between 0.05 and 3600"),
        ("--fail", "socialize.login.attempts:now", "argument --fail: now is not of the form FROM-UNTIL, in seconds"),
        (
            "--fail",
            "http.server.active_requests",
            "argument --fail: http.server.active_requests cannot be broken: choose from socialize.login",
        ),
    ],
)
def test_an_argument_out_of_bounds_is_refused(
    program: Callable[[str], Path], argument: str, value: str, said: str
) -> None:
    done = start(program("socialize"), argument, value)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_an_emitter_is_clean_code(program: Callable[[str], Path], name: str) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    for verb in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *verb, "--config", ROOT / "pyproject.toml", program(name)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_emitters_pin_what_the_tests_use() -> None:
    pins = re.findall(
        r'"opentelemetry-(?:sdk|proto|exporter-otlp-proto-http)==(.+)"', (ROOT / "pyproject.toml").read_text()
    )
    assert pins == [SDK] * 3
