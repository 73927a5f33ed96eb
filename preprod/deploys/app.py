"""The app and what it stands on: secrets, files, volumes, database, services."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod import secrets as secret_values
from preprod.deploys.plan import Plan
from preprod.operations import bundle, compose, secrets, volumes
from preprod.operations.bundle import STAGE, Validator
from preprod.operations.compose_plan import Service, Stage, service
from preprod.paths import PROJECT

_RELOADS = {"caddy": ("caddy", "reload", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")}

_STAGES: dict[str, Stage] = {"postgres": "backing", "api": "rolled"}


@deploy("App")
def run(plan: Plan) -> None:
    services = _services(plan)
    secrets.present(name="secrets", steps=plan.steps, given=plan.given, uids=plan.uids)
    volumes.owned(name="volumes", project=PROJECT, volumes=_volumes(plan))
    bundle.promoted(name="files", bundle=plan.bundle, validators=_validators(plan))
    compose.converged(
        name="services",
        project=PROJECT,
        bundle=plan.bundle,
        services=services,
        timeout=plan.settings.health_timeout,
    )


def _services(plan: Plan) -> list[Service]:
    images = {name: choice.reference for name, choice in plan.chosen.items()}
    listed = [
        service(name, image, plan.bundle, _secret_files(plan, name), _RELOADS.get(name, ()), _STAGES.get(name, "rest"))
        for name, image in images.items()
    ]
    return [*listed, service("migrate", images["api"], plan.bundle, stage="before")]


def _secret_files(plan: Plan, name: str) -> list[str]:
    read = (step.secret.name for step in plan.steps if name in step.secret.readers)
    return [f"{secret_values.directory(name)}/{secret}" for secret in read]


def _volumes(plan: Plan) -> dict[str, str]:
    images = (choice.image for choice in plan.chosen.values())
    return {image.data_volume: f"{image.uid}:{image.gid}" for image in images if image.data_volume}


def _validators(plan: Plan) -> list[Validator]:
    caddy = plan.chosen["caddy"]
    run_caddy = (
        f"docker run --rm --network none --cap-drop ALL {_given_back(caddy.image.capabilities)} "
        f"--user {caddy.image.uid} -e XDG_DATA_HOME=/tmp -e XDG_CONFIG_HOME=/tmp "
        f"-v {STAGE}/caddy:/etc/caddy:ro {caddy.reference} "
    )
    return [
        Validator("compose.yaml", "docker compose --project-directory /srv/preprod -f compose.yaml config -q"),
        Validator("caddy/", _quietly(run_caddy + "caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile")),
    ]


def _given_back(capabilities: tuple[str, ...]) -> str:
    return " ".join(f"--cap-add {capability}" for capability in capabilities)


def _quietly(command: str) -> str:
    """The command, its output shown only when it fails."""
    return f'said=$({command} 2>&1) || {{ echo "$said" >&2; exit 1; }}'
