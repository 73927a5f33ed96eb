"""The Compose files, as Compose reads them: ``compose.yaml``, which works alone, and the overlay's patch on it."""

from __future__ import annotations

from collections.abc import Mapping

from preprod import secrets
from preprod.catalogue import BASE
from preprod.images import Chosen
from preprod.paths import BASE as DIRECTORY
from preprod.paths import PROJECT
from preprod.preflight import address, app_ports, bind_address, grafana_url, loopback_ports
from preprod.render.bundle import Bundle, digest, read_by
from preprod.render.observability import telemetry
from preprod.render.observability.view import View
from preprod.render.templates import rendered
from preprod.secrets import Step
from preprod.settings import Settings

CADDY_PORTS = {80: 8080, 443: 8443}
"""Published port -> port inside the container, above 1024 so that no capability is needed."""

ONE_SHOT = ("migrate",)
"""Services that end by themselves."""

FILES = ("compose.yaml", "compose.observability.yaml")
"""In the order in which Compose puts them together."""


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
        boot=_boot(chosen, bundle, steps),
        secrets_directory=secrets.directory,
        public_url=settings.public_url or address(settings),
        telemetry=telemetry.without_overlay(settings),
        volumes=_volumes({name: choice for name, choice in chosen.items() if name in BASE}),
    )


def overlay_yaml(view: View, bundle: Bundle, steps: list[Step]) -> str:
    """The overlay: services of its own, and the app's environment.

    :param bundle: the files that the services mount; their digests become labels.
    :param steps: the secrets, whose version numbers become part of the labels.
    """
    watchers = {name: choice for name, choice in view.chosen.items() if name not in BASE}
    return rendered(
        "compose.observability.yaml.j2",
        view=view,
        settings=view.settings,
        chosen=view.chosen,
        watchers=list(watchers),
        boot=_boot(watchers, bundle, steps),
        loopback_ports={name: loopback_ports(view.settings).get(name, ()) for name in watchers},
        secrets_directory=secrets.directory,
        public_url=view.settings.public_url or address(view.settings),
        grafana_url=grafana_url(view.settings),
        telemetry=telemetry.with_overlay(view),
        operations_page=telemetry.operations_page(view),
        volumes=_volumes(watchers),
    )


def environment() -> str:
    """``.env`` of the project directory: plain ``docker compose`` then knows of the overlay."""
    return "COMPOSE_FILE=" + ":".join(f"{DIRECTORY}/{name}" for name in FILES) + "\n"


def _boot(chosen: Mapping[str, Chosen], bundle: Bundle, steps: list[Step]) -> dict[str, str]:
    return {name: digest(read_by(bundle, name, "boot"), secrets.versions(steps, name)) for name in chosen}


def _volumes(chosen: Mapping[str, Chosen]) -> list[str]:
    return list(dict.fromkeys(choice.image.data_volume for choice in chosen.values() if choice.image.data_volume))


def _ports(settings: Settings) -> list[str]:
    address = bind_address(settings)
    return [f"{address}:{port}:{CADDY_PORTS.get(port, 8080)}" for port in app_ports(settings)]
