"""The Compose project of a host."""

from __future__ import annotations

from docker.models.containers import Container as SdkContainer

from verify.nouns.container import Container, Mount
from verify.nouns.target import Target

_LABEL = "com.docker.compose"


class Compose:
    """Containers and networks of the project, as the engine has them now, and as its Compose file wants them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.project = target.deployment.project

    @property
    def services(self) -> set[str]:
        """Services that have a container, running or not."""
        return {_service(container) for container in self._all()}

    @property
    def containers(self) -> list[Container]:
        return [self._noun(container) for container in self._all()]

    def of(self, service: str) -> list[Container]:
        """The containers of a service, running or not."""
        return [container for container in self.containers if container.service == service]

    def container(self, service: str) -> Container:
        """The container of a service.

        :raises LookupError: there is none, or more than one.
        """
        found = self.of(service)
        if len(found) != 1:
            raise LookupError(f"service {service} on {self._target} has {len(found)} containers instead of one")
        return found[0]

    def networks(self, internal: bool) -> set[str]:
        """Names of the project's networks that have no way out, or of those that do."""
        networks = self._target.docker.networks.list(filters={"label": f"{_LABEL}.project={self.project}"})
        return {network.name for network in networks if network.attrs["Internal"] is internal}

    def mounts(self, service: str) -> set[Mount]:
        """What the Compose file mounts into a service, tmpfs aside."""
        file = self._target.compose_file
        volumes = file["volumes"]
        return {
            Mount(
                source=volumes[mount["source"]]["name"] if mount["type"] == "volume" else mount["source"],
                path=mount["target"],
                writable=not mount.get("read_only", False),
            )
            for mount in file["services"][service].get("volumes", [])
        }

    def _all(self) -> list[SdkContainer]:
        label = f"{_LABEL}.project={self.project}"
        found: list[SdkContainer] = self._target.docker.containers.list(
            all=True, filters={"label": label}, ignore_removed=True
        )
        return found

    def _noun(self, container: SdkContainer) -> Container:
        return Container(self._target, _service(container), container)


def _service(container: SdkContainer) -> str:
    # A container that was not made by Compose can carry the project's label alone.
    return str(container.labels.get(f"{_LABEL}.service", "(none)"))
