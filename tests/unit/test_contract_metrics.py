"""Metrics and their labels in a telemetry contract: names, units, buckets, bounds; and their names in Prometheus."""

from __future__ import annotations

import pytest

from preprod.contract import loads, signals
from preprod.contract.names import Instrument, prometheus_name
from unit.contracts import GIVEN, Wrong, refusal_of

REFUSED: dict[str, Wrong] = {
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
    "two metrics of one name in Prometheus": (
        "  shop.baskets:\n",
        "  shop.basket.duration.seconds_sum:\n",
        ["33: gauges.'shop.basket.duration.seconds_sum' becomes 'shop_basket_duration_seconds_sum' in Prometheus, as "
         "histograms.'shop.basket.duration' does: rename one of them"],
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
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(wrong: Wrong) -> None:
    assert refusal_of(wrong) == wrong[2]


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
