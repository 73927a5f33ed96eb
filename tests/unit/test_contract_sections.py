"""The sections of a telemetry contract besides metrics: resource, services, HTTP, jobs, dependencies."""

from __future__ import annotations

import pytest

from preprod.contract import loads, signals
from unit.contracts import GIVEN, Wrong, refusal_of

REFUSED: dict[str, Wrong] = {
    "a missing resource attribute": (
        "  service.instance.id: One UUID per process.\n",
        "",
        ["4: resource lacks 'service.instance.id', without which signals cannot be told apart: add it"],
    ),
    "an objective in percent": (
        "availability: 0.995",
        "availability: 99.5",
        ["16: http.groups.read.slo.availability is 99.5: a fraction between 0 and 1 is expected, as in 0.995"],
    ),
    "an objective that cannot be measured": (
        "seconds: 0.5}",
        "seconds: 0.3}",
        ["16: http.groups.read.slo.latency.seconds is 0.3, which is no inner bucket boundary, so it cannot be "
         "measured: use 0.25"],
    ),
    "a group without a route": (
        "routes: [GET /api/items]",
        "routes: []",
        ["15: http.groups.read.routes are empty, so the objectives say nothing: name a route, or drop the group"],
    ),
    "a route without its method": (
        "[GET /api/items]",
        "[/api/items]",
        ["15: http.groups.read.routes[0] is '/api/items': write METHOD /template, as in 'GET /api/items/{item_id}'"],
    ),
    "a route in two places": (
        "  groups:",
        "  unobserved: [GET /api/items]\n  groups:",
        ["16: http.groups.read.routes[0] names 'GET /api/items' a second time: a route has one place, leave it in one"],
    ),
    "a service that is not there": (
        "service: shop-api, every",
        "service: shop-jobs, every",
        ["38: jobs.bill.service names the service 'shop-jobs', which is none of shop-api"],
    ),
    "a queue that is not there": (
        "every_seconds: 60",
        "queue: bills",
        ["38: jobs.bill.queue names 'bills', which is not under queues: add it there"],
    ),
    "a span named after an attribute that it lacks": (
        "span: charge,",
        "span: 'charge {bank.name}',",
        ["40: dependencies.bank.span uses '{bank.name}', which it has no attribute for: add it"],
    ),
    "a namespace that changes the job": (
        "  service.version:",
        "  service.namespace: Shop.\n  service.version:",
        ["6: resource.'service.namespace' would change the Prometheus label 'job', which rules select on: put it into "
         "the names under services"],
    ),
    "statuses that are not told": (
        "[200, 500]",
        "[]",
        ["11: http.statuses are empty: list every status that the service answers with"],
    ),
    "a job that nothing starts": (
        ", every_seconds: 60",
        "",
        ["38: jobs.bill has neither queue nor every_seconds: say what starts it"],
    ),
    "an attribute that is not in OTel style": (
        "attributes: [server.address]",
        "attributes: [Server-Address]",
        ["40: dependencies.bank.attributes 'Server-Address' is not in OpenTelemetry style: write lower-case words "
         "joined by dots, as in 'app.server_address'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(wrong: Wrong) -> None:
    assert refusal_of(wrong) == wrong[2]


def test_http_series_are_routes_times_statuses() -> None:
    (http, *_) = signals(loads(GIVEN, "given"))
    assert (http.name, http.series) == ("http.server.request.duration", 4)
