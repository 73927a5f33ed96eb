"""A contract to begin with, and what is said to one that has been made wrong."""

from __future__ import annotations

import pytest

from preprod.contract import ContractError, loads

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

Wrong = tuple[str, str, list[str]]
"""What is changed in ``GIVEN``, into what, and every line that is said: line number, place, remedy."""


def refusal(text: str) -> str:
    """What is said to this text.

    :raises pytest.fail.Exception: nothing is.
    """
    with pytest.raises(ContractError) as caught:
        loads(text, "wrong.yaml")
    return str(caught.value)


def refusal_of(wrong: Wrong) -> list[str]:
    """Lines that are said to the changed contract, without the name of its file."""
    before, after, _ = wrong
    assert GIVEN.count(before) == 1
    changed = GIVEN.replace("[password]", "[password, bank_pin]").replace(before, after)
    said = refusal(changed).splitlines()
    assert all(line.startswith("wrong.yaml:") for line in said)
    return [line.removeprefix("wrong.yaml:") for line in said]
