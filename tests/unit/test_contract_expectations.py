"""What a telemetry contract may expect of a metric."""

from __future__ import annotations

import pytest

from unit.contracts import Wrong, refusal_of

REFUSED: dict[str, Wrong] = {
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
    "a least that is never missed": (
        "at_least: 1,",
        "at_least: 0,",
        ["24: counters.'shop.orders'.expect.at_least is 0: Input should be greater than 0"],
    ),
    "a most that is always passed": (
        "at_least: 1,",
        "at_most: -1,",
        ["24: counters.'shop.orders'.expect.at_most is -1: Input should be greater than or equal to 0"],
    ),
    "a fraction beyond the whole": (
        "unit: \"{basket}\"\n    description: Open baskets.\n",
        "unit: \"{basket}\"\n    description: Open baskets.\n    expect: {at_most: 1.9, of: shop.room}\n"
        "  shop.room: {kind: operational, unit: \"{basket}\", description: Room.}\n",
        ["37: gauges.'shop.baskets'.expect.at_most is 1.9, of 'shop.room': write a fraction, above 0 and up to 1"],
    ),
    "a fraction of nothing": (
        "at_least: 1, per_seconds: 3600}",
        "at_most: 0, per_seconds: 3600, of: shop.orders}",
        ["24: counters.'shop.orders'.expect.at_most is 0, of 'shop.orders': write a fraction, above 0 and below 1; "
         "leave out 'of' if none is expected"],
    ),
    "the whole of itself": (
        "at_least: 1, per_seconds: 3600}",
        "at_least: 1, per_seconds: 3600, of: shop.orders, where: {shop.plan: free}}",
        ["24: counters.'shop.orders'.expect.at_least is 1, of 'shop.orders': write a fraction, above 0 and below 1"],
    ),
    "a fraction of a histogram": (
        "quantile: 0.95}\ngauges",
        "quantile: 0.95, of: shop.orders}\ngauges",
        ["31: histograms.'shop.basket.duration'.expect.of means nothing for a histogram: leave it out"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(wrong: Wrong) -> None:
    assert refusal_of(wrong) == wrong[2]
