"""``compose.yaml``: the project as Compose reads it, every service hardened as the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping

from preprod import secrets
from preprod.images import Chosen
from preprod.paths import PROJECT
from preprod.preflight import address, bind_address, published_ports
from preprod.render.bundle import Bundle, digest, read_by
from preprod.render.templates import rendered
from preprod.secrets import Step
from preprod.settings import Settings

CADDY_PORTS = {80: 8080, 443: 8443}
"""Published port -> port inside the container, above 1024 so that no capability is needed."""

ONE_SHOT = ("migrate",)
"""Services that end by themselves."""


def compose_yaml(settings: Settings, chosen: Mapping[str, Chosen], bundle: Bundle, steps: list[Step]) -> str:
    """The base Compose file.

    :param chosen: component -> image, for every service.
    :param bundle: the files that the services mount; their digests become labels.
    :param steps: the secrets, whose version numbers become part of the labels.
    """
    return rendered(
        "compose.yaml.j2",
        project=PROJECT,
        settings=settings,
        chosen=chosen,
        ports=_ports(settings),
        boot={name: digest(read_by(bundle, name, "boot"), secrets.versions(steps, name)) for name in chosen},
        secrets_directory=secrets.directory,
        public_url=settings.public_url or address(settings),
    )


def _ports(settings: Settings) -> list[str]:
    address = bind_address(settings)
    return [f"{address}:{port}:{CADDY_PORTS.get(port, 8080)}" for port in published_ports(settings)]
