"""Docker Engine, configured, with the one Compose."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.operations import engine
from preprod.render.daemon import daemon_json


@deploy("Engine")
def install(plan: Plan) -> None:
    settings = plan.settings
    engine.installed(
        name="installed and running",
        source=settings.docker_source,
        packages=settings.docker_packages,
        key=settings.docker_packages_key,
    )
    engine.configured(name="daemon.json", text=daemon_json(settings, plan.host.daemon_json))
    engine.compose_plugin(name="Compose plugin", binary=engine.compose_binary())
