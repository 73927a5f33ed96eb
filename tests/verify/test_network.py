"""What can be reached from where."""

from __future__ import annotations

import pytest

from preprod.preflight import LOOPBACK_PORTS
from verify.nouns.compose import Compose
from verify.nouns.container import Container
from verify.nouns.deployment import Deployment
from verify.nouns.listening import Listening
from verify.nouns.target import Target


def test_published_ports_equal_the_manifest(compose: Compose, deployment: Deployment, target: Target) -> None:
    published = {place for container in compose.containers for place in container.published}
    wanted = set(deployment.published)
    assert published == wanted, f"the engine on {target} publishes other ports than the manifest says"


@pytest.mark.needs("userland-proxy")
def test_docker_listens_only_where_the_manifest_says(
    listening: Listening, deployment: Deployment, target: Target
) -> None:
    wanted = set(deployment.published)
    assert listening.dockers == wanted, f"docker on {target} listens on other addresses than the manifest says"


def test_only_caddy_publishes_ports(container: Container, deployment: Deployment) -> None:
    debugging: dict[str, set[str]] = {
        name: {f"127.0.0.1:{port}" for port in ports} for name, ports in LOOPBACK_PORTS.items()
    }
    caddys = set(deployment.published).difference(*debugging.values())
    wanted = caddys if container.service == "caddy" else debugging.get(container.service, set())
    published = wanted & set(deployment.published)
    assert container.published == published, f"{container} should publish {published or 'nothing'}"


def test_the_database_is_on_internal_networks_alone(compose: Compose) -> None:
    postgres = compose.container("postgres")
    outward = postgres.networks - compose.networks(internal=True)
    assert postgres.networks, f"{postgres} should be on a network"
    assert not outward, f"{postgres} should be on no network with a way out"


def test_caddy_cannot_reach_the_database(compose: Compose) -> None:
    caddy, postgres = compose.container("caddy"), compose.container("postgres")
    assert not caddy.networks & postgres.networks, f"{caddy} should share no network with the database"


def test_the_api_is_beside_caddy_and_the_database(compose: Compose) -> None:
    api, caddy, postgres = map(compose.container, ("api", "caddy", "postgres"))
    assert api.networks == caddy.networks | postgres.networks, f"{api} should be on these networks and no others"
