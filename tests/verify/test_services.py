"""The services that the manifest lists, and no others."""

from __future__ import annotations

from verify.nouns.compose import Compose
from verify.nouns.container import Container
from verify.nouns.deployment import Deployment
from verify.nouns.target import Target


def test_a_service_has_one_container(service: str, compose: Compose, target: Target) -> None:
    found = [str(container) for container in compose.of(service)]
    assert len(found) == 1, f"service {service} on {target} should have one container"


def test_there_are_no_other_services(compose: Compose, deployment: Deployment, target: Target) -> None:
    others = compose.services - {*deployment.services, *deployment.one_shot}
    assert not others, f"project {compose.project} on {target} has containers of services that its manifest lacks"


def test_a_service_is_healthy_or_has_ended_well(service: str, compose: Compose, deployment: Deployment) -> None:
    for container in compose.of(service):
        health = "healthy" if deployment.has_health_check(container.component) else "none"
        wanted = ("exited", 0, "none") if service in deployment.one_shot else ("running", 0, health)
        found = (container.status, container.exit_code, container.health)
        assert found == wanted, f"status, exit code and health of {container}"


def test_a_service_runs_the_image_of_the_manifest(container: Container, target: Target) -> None:
    wanted = container.wanted.image
    assert container.image == wanted, f"{container} should run {wanted}"
    assert container.image_id == target.docker.images.get(wanted).id, f"{container} runs what {wanted} was earlier"
