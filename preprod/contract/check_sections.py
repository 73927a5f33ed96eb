"""Checks of everything around the metrics: services, resource, HTTP, jobs, queues, spans, log fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from preprod.contract.model import Contract, Http, RouteGroup
from preprod.contract.names import attribute_fault
from preprod.contract.problems import Path, Problem, Problems
from preprod.contract.signals import HTTP_BUCKETS, PLACEHOLDER, signals, spans

REQUIRED_RESOURCE = ("service.name", "service.version", "service.instance.id", "deployment.environment.name")
REQUIRED_FIELDS = ("timestamp", "level", "service", "message", "correlation_id")

_ROUTE = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S*")


def check_sections(contract: Contract) -> Problems:
    """Every problem outside of the metrics and of privacy."""
    yield from _resource(contract)
    yield from _services(contract)
    if contract.http:
        yield from _routes(contract.http)
        for name, group in contract.http.groups.items():
            yield from _objectives(("http", "groups", name), group)
    yield from _queues(contract)
    yield from _spans(contract)
    yield from _logs(contract)


def _resource(contract: Contract) -> Iterator[Problem]:
    for name in REQUIRED_RESOURCE:
        if name not in contract.resource:
            yield Problem(("resource",), f"lacks '{name}', without which signals cannot be told apart: add it")
    for name in contract.resource:
        if fault := attribute_fault(name):
            yield Problem(("resource", name), fault)
    if "service.namespace" in contract.resource:
        yield Problem(
            ("resource", "service.namespace"),
            "would change the Prometheus label 'job', which rules select on: put it into the names under services",
        )


def _services(contract: Contract) -> Iterator[Problem]:
    for path, names in _service_lists(contract):
        for name in names:
            if name not in contract.services:
                yield Problem(path, f"names the service '{name}', which is none of {', '.join(contract.services)}")


def _service_lists(contract: Contract) -> Iterator[tuple[Path, Iterable[str]]]:
    if contract.http:
        yield ("http", "service"), [contract.http.service]
    for signal in signals(contract):
        if signal.path != ("http",):
            yield (*signal.path, "services"), signal.services
    for name, job in contract.jobs.items():
        yield ("jobs", name, "service"), [job.service]
    for name, queue in contract.queues.items():
        yield ("queues", name, "publishers"), queue.publishers
        yield ("queues", name, "consumers"), queue.consumers
    for span in spans(contract):
        if span.path[0] in ("dependencies", "spans"):
            yield (*span.path, "services"), span.services


def _routes(http: Http) -> Iterator[Problem]:
    seen: set[str] = set()
    if not http.statuses:
        yield Problem(("http", "statuses"), "are empty: list every status that the service answers with")
    for path, routes in _route_lists(http):
        for at, route in enumerate(routes):
            if not _ROUTE.fullmatch(route):
                yield Problem((*path, at), f"is '{route}': write METHOD /template, as in 'GET /api/items/{{item_id}}'")
            if route in seen:
                yield Problem((*path, at), f"names '{route}' a second time: a route has one place, leave it in one")
            seen.add(route)


def _route_lists(http: Http) -> Iterator[tuple[Path, tuple[str, ...]]]:
    yield ("http", "unobserved"), http.unobserved
    for name, group in http.groups.items():
        yield ("http", "groups", name, "routes"), group.routes


def _objectives(path: Path, group: RouteGroup) -> Iterator[Problem]:
    if not group.routes:
        yield Problem((*path, "routes"), "are empty, so the objectives say nothing: name a route, or drop the group")
    seconds = group.slo.latency.seconds
    # Above the last boundary everything looks alike.
    if seconds not in HTTP_BUCKETS[:-1]:
        near = min(HTTP_BUCKETS[:-1], key=lambda bound: abs(bound - seconds))
        yield Problem(
            (*path, "slo", "latency", "seconds"),
            f"is {seconds:g}, which is no inner bucket boundary, so it cannot be measured: use {near:g}",
        )


def _queues(contract: Contract) -> Iterator[Problem]:
    for name, job in contract.jobs.items():
        if job.queue is not None and job.queue not in contract.queues:
            yield Problem(("jobs", name, "queue"), f"names '{job.queue}', which is not under queues: add it there")
        if job.queue is None and job.every_seconds is None:
            yield Problem(("jobs", name), "has neither queue nor every_seconds: say what starts it")


def _spans(contract: Contract) -> Iterator[Problem]:
    for at, attribute in enumerate(contract.spans.common_attributes):
        if fault := attribute_fault(attribute):
            yield Problem(("spans", "common_attributes", at), f"'{attribute}' {fault}")
    for span in spans(contract):
        if span.path == ("http",):
            continue
        for attribute in span.attributes:
            if fault := attribute_fault(attribute):
                yield Problem((*span.path, "attributes"), f"'{attribute}' {fault}")
        for placeholder in PLACEHOLDER.findall(span.name):
            if placeholder not in span.attributes:
                yield Problem((*span.path, "span"), f"uses '{{{placeholder}}}', which it has no attribute for: add it")


def _logs(contract: Contract) -> Iterator[Problem]:
    fields = contract.logs.fields
    for name in REQUIRED_FIELDS:
        if name not in fields:
            yield Problem(("logs", "fields"), f"lack '{name}', which every line needs: add it")
        elif not fields[name].required:
            yield Problem(("logs", "fields", name), "must be on every line: add required: true")
    for name, described in fields.items():
        for log_type in described.types:
            if log_type not in contract.logs.types:
                known = ", ".join(contract.logs.types)
                yield Problem(("logs", "fields", name, "types"), f"names the log type '{log_type}': use one of {known}")
