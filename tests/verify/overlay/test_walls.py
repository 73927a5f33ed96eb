"""Who can reach the programs of the overlay: their neighbours, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from preprod.catalogue import CATALOGUE, OVERLAY
from verify.nouns.api import Api, expected
from verify.nouns.case import FROM_HOST
from verify.nouns.compose import Compose
from verify.nouns.container import Container
from verify.nouns.deployment import Deployment, Observability
from verify.nouns.reach import reached
from verify.nouns.target import Target

pytestmark = pytest.mark.needs("observability")

OUTWARD = {"prometheus", "alertmanager", "alloy", "grafana", "blackbox-exporter", "redis-exporter", "mongodb-exporter"}
"""Programs that are on the app's network, or whose work leads out of the host."""

NEIGHBOURS_OF_THE_ENGINE = {"engine-proxy", "alloy", "prometheus"}


def _places(containers: list[Container], apart_from: Container) -> set[tuple[str, int]]:
    """Addresses and ports of the containers on networks that one container is not on."""
    return {
        (address, port)
        for container in containers
        for network, address in container.addresses.items()
        if network not in apart_from.networks
        for port in CATALOGUE[container.component].ports
    }


@pytest.mark.parametrize("origin", ["caddy", "api", "worker", "postgres"])
def test_only_a_neighbour_reaches_a_program(origin: str, compose: Compose, target: Target) -> None:
    asking = compose.container(origin)
    overlay = [container for container in compose.containers if container.service in OVERLAY]
    places = _places(overlay, apart_from=asking)
    assert places, f"{asking} should not be on every network of the overlay"
    assert reached(target, asking, places) == set(), f"places that {asking} should not reach"


def test_a_neighbour_is_reached(compose: Compose, target: Target) -> None:
    # Without this, a way of trying that never succeeds would make the test above succeed always.
    caddy, api = compose.container("caddy"), compose.container("api")
    shared = (caddy.networks & api.networks).pop()
    place = (api.addresses[shared], 8000)
    assert reached(target, caddy, [place]) == {place}, f"{caddy} should reach {api}"


def test_a_store_has_no_way_out(compose: Compose, target: Target) -> None:
    inward = [c for c in compose.containers if c.service in OVERLAY.keys() - OUTWARD and not c.published]
    outward = {str(container): container.networks - compose.networks(internal=True) for container in inward}
    assert {name: networks for name, networks in outward.items() if networks} == {}, f"networks on {target}"


@pytest.mark.needs("engine-proxy")
def test_few_are_beside_the_proxy_of_the_engine(compose: Compose) -> None:
    proxy = compose.container("engine-proxy")
    beside = {container.service for container in compose.containers if container.networks & proxy.networks}
    assert proxy.networks <= compose.networks(internal=True), f"{proxy} should have no way out"
    assert beside <= NEIGHBOURS_OF_THE_ENGINE, f"services on the networks of {proxy}"


@pytest.mark.needs("grafana")
@pytest.mark.parametrize("path", ["api/search", "api/datasources", "api/org", "api/dashboards/home"])
def test_grafana_tells_strangers_nothing(
    path: str, entrance: Callable[[str], Api], observability: Observability
) -> None:
    answer = entrance(FROM_HOST).get(f"{observability.grafana}{path}")
    assert answer.status_code == 401, f"{answer.url} without a log-in: {answer.status_code}"


def test_the_path_of_grafana_leads_there_or_nowhere(
    entrance: Callable[[str], Api], observability: Observability, deployment: Deployment
) -> None:
    front = entrance(FROM_HOST)
    if observability.grafana == f"{front.origin}/grafana/":
        assert front.get("/grafana/login").status_code == 200, f"Grafana should be at {observability.grafana}"
    else:
        error = expected(front.get("/grafana/"), 404)["error"]
        assert error["code"] == "not_found", f"/grafana/ of {front} should be the app's"
