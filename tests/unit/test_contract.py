"""The format of a telemetry contract: what it accepts, what follows from it, and what is said to a wrong one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from preprod.contract import Contract, ContractError, load, loads, redactions, signals, spans
from preprod.contract.check_privacy import _HARMLESS, _redaction
from preprod.contract.model import StandardRedaction
from preprod.contract.names import Instrument, prometheus_name
from preprod.contract.redactions import STANDARD
from preprod.render.contract_page import CONTRACTS
from preprod.render.templates import ROOT

GIVEN = """\
application: shop
description: A shop.
services: {shop-api: The API.}
resource:
  service.name: Program.
  service.version: Version.
  service.instance.id: One UUID per process.
  deployment.environment.name: Environment.
http:
  service: shop-api
  statuses: [200, 500]
  groups:
    read:
      description: Reads.
      routes: [GET /api/items]
      slo: {availability: 0.995, latency: {quantile: 0.95, seconds: 0.5}}
counters:
  shop.orders:
    kind: usage
    unit: "{order}"
    description: Orders.
    labels:
      shop.plan: [free, paid]
    expect: {at_least: 1, per_seconds: 3600}
histograms:
  shop.basket.duration:
    kind: operational
    unit: s
    description: Time to fill a basket.
    buckets: [1, 10, 100]
    expect: {at_most: 10, quantile: 0.95}
gauges:
  shop.baskets:
    kind: operational
    unit: "{basket}"
    description: Open baskets.
jobs:
  bill: {description: Bills., service: shop-api, every_seconds: 60}
dependencies:
  bank: {description: Bank., kind: payment, span: charge, attributes: [server.address]}
logs:
  types: {app: Lines.}
  fields:
    timestamp: {description: Time., required: true}
    level: {description: Severity., required: true}
    service: {description: Service., required: true}
    message: {description: Sentence., required: true}
    correlation_id: {description: Id., required: true}
privacy:
  forbidden: [password]
  standard: [email_address]
  redact:
    voucher: {description: Vouchers., pattern: 'V-[0-9]{8}', canaries: [V-00000000]}
"""

# What is changed in GIVEN, into what, and every line that is said.
REFUSED: dict[str, tuple[str, str, list[str]]] = {
    "a name that is not in OTel style": (
        "  shop.orders:",
        "  ShopOrders:",
        ["18: counters.ShopOrders is not in OpenTelemetry style: write lower-case words, namespace first, as in "
         "'app.shop_orders'"],
    ),
    "a name that spells its unit": (
        "shop.basket.duration:",
        "shop.basket.duration_seconds:",
        ["26: histograms.'shop.basket.duration_seconds' spells its unit, which Prometheus adds by itself: call it "
         "'shop.basket.duration' with unit: s"],
    ),
    "a counter that is called total": (
        "  shop.orders:",
        "  shop.orders_total:",
        ["18: counters.'shop.orders_total' ends in 'total', which Prometheus adds by itself: call it 'shop.orders'"],
    ),
    "milliseconds": (
        "    unit: s\n",
        "    unit: ms\n",
        ["28: histograms.'shop.basket.duration'.unit is 'ms': metrics are in base units, so measure in 's'"],
    ),
    "a raw id as a label": (
        "      shop.plan: [free, paid]",
        "      user.id: ['1', '2']",
        ["23: counters.'shop.orders'.labels.'user.id' is a raw identifier, so every value makes a series: leave it to "
         "spans and log fields, or label a class"],
    ),
    "a label without bounds": (
        "      shop.plan: [free, paid]",
        "      shop.plan:",
        ["23: counters.'shop.orders'.labels.'shop.plan' is empty: a label needs its allowed values: list them as "
         "texts, or name the section that does (jobs, queues, dependencies)"],
    ),
    "too many series": (
        "    labels:\n      shop.plan: [free, paid]",
        "    max_series: 3\n    labels:\n      shop.plan: [free, paid]\n      shop.tier: [a, b]",
        ["18: counters.'shop.orders' makes up to 4 series per process, over the bound of 3: allow fewer values, drop a "
         "label, or raise max_series"],
    ),
    "a missing resource attribute": (
        "  service.instance.id: One UUID per process.\n",
        "",
        ["4: resource lacks 'service.instance.id', without which signals cannot be told apart: add it"],
    ),
    "two metrics of one name in Prometheus": (
        "  shop.baskets:\n",
        "  shop.basket.duration.seconds_sum:\n",
        ["33: gauges.'shop.basket.duration.seconds_sum' becomes 'shop_basket_duration_seconds_sum' in Prometheus, as "
         "histograms.'shop.basket.duration' does: rename one of them"],
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
    "a forbidden field in log lines": (
        "    message: {",
        "    password: {description: No.}\n    message: {",
        ["47: logs.fields.password 'password' is forbidden (privacy.forbidden lists 'password'): remove one of the "
         "two"],
    ),
    "a forbidden attribute in another spelling": (
        "attributes: [server.address]",
        "attributes: [bank.pin]",
        ["40: dependencies.bank.attributes 'bank.pin' is forbidden (privacy.forbidden lists 'bank_pin'): remove one of "
         "the two"],
    ),
    "a log field that every line needs": (
        "    level: {description: Severity., required: true}\n",
        "",
        ["43: logs.fields lack 'level', which every line needs: add it"],
    ),
    "an unknown key": (
        "    unit: s\n",
        "    units: s\n",
        ["26: histograms.'shop.basket.duration' lacks 'unit': add it (UCUM: `1`, `s`, `By`, or what is counted, as in "
         "`{request}`)",
         "28: histograms.'shop.basket.duration' has the unknown key 'units': did you mean 'unit'?"],
    ),
    "a pattern that looks ahead": (
        "'V-[0-9]{8}'",
        "'V-(?=0)[0-9]{8}'",
        ["53: privacy.redact.voucher.pattern is no regular expression of RE2 (invalid perl operator: (?=): RE2 has no "
         "look-around and no back-references, write without"],
    ),
    "a pattern that refers back": (
        "'V-[0-9]{8}'",
        r"'V-([0-9])\1'",
        [r"53: privacy.redact.voucher.pattern is no regular expression of RE2 (invalid escape sequence: \1): RE2 has "
         "no look-around and no back-references, write without"],
    ),
    "a canary that is not found": (
        "[V-00000000]",
        "[V-00000000, V-1]",
        ["53: privacy.redact.voucher.canaries[1] is not found by its own pattern: mend the pattern or the canary"],
    ),
    "a pattern that matches nothing at all": (
        "'V-[0-9]{8}'",
        "'(V-[0-9]{8})*'",
        ["53: privacy.redact.voucher.pattern matches the empty text, so it would redact everywhere: demand a "
         "character"],
    ),
    "a pattern that would cut logs off from traces": (
        "'V-[0-9]{8}'",
        "'[0-9a-fA-F]{32}|V-[0-9]{8}'",
        ["53: privacy.redact.voucher.pattern finds a trace id ('4bf92f3577b34da6a3ce929d0e0e4736'), which queries "
         "need: make it narrower"],
    ),
    "an expectation without its time": (
        "expect: {at_least: 1, per_seconds: 3600}",
        "expect: {at_least: 1}",
        ["24: counters.'shop.orders'.expect of a counter needs per_seconds: add it"],
    ),
    "an expectation that means nothing": (
        "expect: {at_least: 1, per_seconds: 3600}",
        "expect: {at_least: 1, per_seconds: 3600, quantile: 0.9, where: {shop.plan: gold}}",
        ["24: counters.'shop.orders'.expect.quantile means nothing for a counter: leave it out",
         "24: counters.'shop.orders'.expect.where.'shop.plan' is never 'gold': use one of free, paid"],
    ),
    "an expectation above the last bucket": (
        "at_most: 10,",
        "at_most: 100,",
        ["31: histograms.'shop.basket.duration'.expect has the bound 100, which is no inner bucket boundary: use one, "
         "or add buckets"],
    ),
    "an expectation about a metric that is not there": (
        "expect: {at_least: 1, per_seconds: 3600}",
        "expect: {at_least: 1, per_seconds: 3600, of: shop.visits}",
        ["24: counters.'shop.orders'.expect.of names 'shop.visits', which is no metric of this contract: name a "
         "counter of it"],
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
    "two labels of one name in Prometheus": (
        "      shop.plan: [free, paid]",
        "      shop.plan: [free, paid]\n      shop_plan.x: [a]\n      shop.plan_x: [a]",
        ["25: counters.'shop.orders'.labels.'shop.plan_x' becomes the Prometheus label 'shop_plan_x', as "
         "'shop_plan.x' does: rename one"],
    ),
    "a label that takes its values from nowhere": (
        "shop.plan: [free, paid]",
        "shop.queue: queues",
        ["23: counters.'shop.orders'.labels.'shop.queue' names a section that is empty: fill it, or list the values"],
    ),
    "a value given twice": (
        "[free, paid]",
        "[free, free]",
        ["23: counters.'shop.orders'.labels.'shop.plan' lists a value twice: leave one out"],
    ),
    "a label that is not in OTel style": (
        "shop.plan: [free, paid]",
        "Plan: [free, paid]",
        ["23: counters.'shop.orders'.labels.Plan is not in OpenTelemetry style: write lower-case words, namespace "
         "first, as in 'app.plan'"],
    ),
    "buckets out of order": (
        "[1, 10, 100]",
        "[1, 100, 10, 500]",
        ["30: histograms.'shop.basket.duration'.buckets are not in ascending order: sort them, each once"],
    ),
    "two bounds": (
        "at_least: 1, per",
        "at_least: 1, at_most: 2, per",
        ["24: counters.'shop.orders'.expect needs one bound: give either at_least or at_most"],
    ),
    "an expectation about a label that is not there": (
        "at_least: 1, per_seconds: 3600}",
        "at_least: 1, per_seconds: 3600, where: {shop.colour: red}}",
        ["24: counters.'shop.orders'.expect.where.'shop.colour' is no label of this metric: use one of shop.plan"],
    ),
    "a fraction of something else": (
        "at_least: 1, per_seconds: 3600}",
        "at_least: 1, per_seconds: 3600, of: shop.baskets}",
        ["24: counters.'shop.orders'.expect.of names a gauge, of which a counter is no fraction: name another counter"],
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
    "a field that may be missing": (
        "level: {description: Severity., required: true}",
        "level: {description: Severity.}",
        ["45: logs.fields.level must be on every line: add required: true"],
    ),
    "a log type that is not there": (
        "    message: {",
        "    action: {description: What., types: [audit]}\n    message: {",
        ["47: logs.fields.action.types names the log type 'audit': use one of app"],
    ),
    "a name that is taken": (
        "    voucher: {",
        "    card_number: {",
        ["53: privacy.redact.card_number is the name of a standard redaction: choose another"],
    ),
    "a pattern without a canary": (
        "canaries: [V-00000000]",
        "canaries: []",
        ["53: privacy.redact.voucher.canaries are empty, so nothing shows that the pattern works: invent an example"],
    ),
    "a name that is none": (
        "  bill: {",
        "  Bill customers: {",
        ["38: jobs.'Bill customers' is 'Bill customers': a name of lower-case letters, digits and '_', '-' or '.' is "
         "expected"],
    ),
    "a standard redaction that is not there": (
        "[email_address]",
        "[email]",
        ["51: privacy.standard[0] is 'email': Input should be 'email_address', 'authorization', 'query_secret', "
         "'json_secret', 'card_number' or 'url_credentials'"],
    ),
    "a key that is no text": (
        "description: A shop.",
        "? [description]\n: A shop.",
        ["2: is no YAML (a key must be a text)"],
    ),
    "a fraction of a histogram": (
        "quantile: 0.95}\ngauges",
        "quantile: 0.95, of: shop.orders}\ngauges",
        ["31: histograms.'shop.basket.duration'.expect.of means nothing for a histogram: leave it out"],
    ),
    "a mapping for a list": (
        "[1, 10, 100]",
        "{a: 1}",
        ["30: histograms.'shop.basket.duration'.buckets is a mapping: write a list"],
    ),
    "a list that is empty": (
        "[1, 10, 100]",
        "[]",
        ["30: histograms.'shop.basket.duration'.buckets is empty: name at least one"],
    ),
    "a text for a number": (
        "at_most: 10,",
        "at_most: ten,",
        ["31: histograms.'shop.basket.duration'.expect.at_most is 'ten': write a number"],
    ),
    "a key given twice": (
        "description: A shop.",
        "description: A shop.\ndescription: Another.",
        ["3: is no YAML (key 'description' is given twice)"],
    ),
    "an alias": (
        "{shop-api: The API.}",
        "{shop-api: &api The API., other: *api}",
        ["3: is no YAML (aliases are not read: write the value out)"],
    ),
    "no YAML": (
        "{shop-api: The API.}",
        "{shop-api: The API.",
        ["4: is no YAML (expected ',' or '}', but got ':')"],
    ),
}  # fmt: skip


def refusal(text: str) -> str:
    with pytest.raises(ContractError) as caught:
        loads(text, "wrong.yaml")
    return str(caught.value)


@pytest.mark.parametrize(("before", "after", "said"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(before: str, after: str, said: list[str]) -> None:
    wrong = GIVEN.replace("[password]", "[password, bank_pin]").replace(before, after)
    assert GIVEN.count(before) == 1
    assert refusal(wrong) == "\n".join(f"wrong.yaml:{line}" for line in said)


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    wrong = GIVEN.replace("unit: s\n", "unit: ms\n").replace("  service.version: Version.\n", "").replace("V-000", "W-")
    assert [line.split(":")[1] for line in refusal(wrong).splitlines()] == ["4", "27", "52"]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just a text\n"])
def test_a_file_that_is_no_mapping_is_told_so(text: str) -> None:
    assert refusal(text) == "wrong.yaml:1: a mapping is expected, as in docs/contract.schema.json"


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ContractError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: cannot be read ({reason})"
    (tmp_path / "latin.yaml").write_bytes(b"\xe9")
    with pytest.raises(ContractError) as caught:
        load(tmp_path / "latin.yaml")
    assert str(caught.value).endswith("cannot be read (it is not UTF-8 text)")


def places(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = list(places(yaml.safe_load(GIVEN)))


@pytest.mark.parametrize("value", [None, 7, "~odd value~", [1], {"odd": 1}], ids=str)
def test_no_value_anywhere_is_more_than_it_can_bear(value: object) -> None:
    refusals = [str(error) for error in map(refused, (changed(path, value) for path in PLACES)) if error]
    assert len(refusals) > len(PLACES) / 3
    assert all(line.startswith("wrong.yaml:") for text in refusals for line in text.splitlines())


def changed(path: tuple[str | int, ...], value: object) -> str:
    data = yaml.safe_load(GIVEN)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return yaml.safe_dump(data, sort_keys=False)


def refused(text: str) -> ContractError | None:
    try:
        loads(text, "wrong.yaml")
    except ContractError as error:
        return error
    return None


def contract(name: str) -> Contract:
    return load(CONTRACTS / f"{name}.yaml")


NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


def test_there_is_a_contract_of_each_kind() -> None:
    assert NAMES == ["artifacts", "assistant", "realtime", "socialize"]


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_is_called_as_its_file_and_satisfies_the_schema_of_editors(name: str) -> None:
    assert contract(name).application == name
    schema = json.loads((ROOT / "docs" / "contract.schema.json").read_text())
    data = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(data)
    next(iter(data["http"]["groups"].values()))["slo"]["availability"] = 99.5
    assert not validator.is_valid(data)


# Executed with prometheus/otlptranslator, strategy UnderscoreEscapingWithSuffixes.
TRANSLATED: list[tuple[str, str, Instrument, str]] = [
    ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
    ("http.server.active_requests", "{request}", "gauge", "http_server_active_requests"),
    ("http.server.response.body.size", "By", "histogram", "http_server_response_body_size_bytes"),
    ("http.client.request.duration", "s", "histogram", "http_client_request_duration_seconds"),
    ("db.client.operation.duration", "s", "histogram", "db_client_operation_duration_seconds"),
    ("jobs.processed", "{job}", "counter", "jobs_processed_total"),
    ("jobs.processed", "1", "counter", "jobs_processed_total"),
    ("queue.utilization", "1", "gauge", "queue_utilization_ratio"),
    ("process.memory.usage", "By", "gauge", "process_memory_usage_bytes"),
    ("process.cpu.time", "s", "counter", "process_cpu_time_seconds_total"),
]


@pytest.mark.parametrize(("name", "unit", "instrument", "translated"), TRANSLATED)
def test_names_are_translated_as_prometheus_does(name: str, unit: str, instrument: Instrument, translated: str) -> None:
    assert prometheus_name(name, unit, instrument) == translated


def test_a_histogram_is_three_names_in_prometheus() -> None:
    (duration,) = [signal for signal in signals(loads(GIVEN, "given")) if signal.name == "shop.basket.duration"]
    assert duration.exposed == tuple(f"shop_basket_duration_seconds_{part}" for part in ("bucket", "sum", "count"))


def test_socialize_counts_usage_nine_times_and_every_kind_of_failure() -> None:
    counters = contract("socialize").counters
    by_kind = {kind: [name for name, found in counters.items() if found.kind == kind] for kind in ("usage", "failure")}
    assert len(by_kind["usage"]) == 9
    assert [name.split(".")[1] for name in by_kind["failure"]] == [
        "authentication",
        "email",
        "blob",
        "job",
        "outbound_http",
        "client",
    ]


def test_the_names_of_a_section_are_the_allowed_values_of_a_label() -> None:
    found = {signal.name: signal for signal in signals(contract("socialize"))}
    assert found["socialize.job.failures"].labels["socialize.job.name"] == ("send_invite", "clean_up")
    assert found["socialize.job.failures"].series == 4


def test_http_series_are_routes_times_statuses() -> None:
    (http, *_) = signals(loads(GIVEN, "given"))
    assert (http.name, http.series) == ("http.server.request.duration", 4)


def test_a_span_is_recognized_by_its_name() -> None:
    found = {span.name: span for span in spans(contract("socialize"))}
    server = found["{http.request.method} {http.route}"]
    assert server.matches("GET /api/organizations")
    assert not server.matches("GET")
    assert found["process socialize.jobs"].matches("process socialize.jobs")
    assert not found["process socialize.jobs"].matches("process socializexjobs")


@pytest.mark.parametrize("name", STANDARD)
def test_a_standard_redaction_passes_the_checks_of_an_own_one(name: str) -> None:
    assert list(_redaction((name,), STANDARD[name])) == []


def test_the_format_names_every_standard_redaction() -> None:
    assert list(StandardRedaction.__args__) == list(STANDARD)
    assert set(_HARMLESS) == {"a trace id", "a UUID", "a time"}


def test_own_redactions_come_after_the_standard_ones() -> None:
    assert list(redactions(loads(GIVEN, "given"))) == ["email_address", "voucher"]
