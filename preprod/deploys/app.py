"""The app and what it stands on: secrets, files, volumes, database, services."""

from __future__ import annotations

import shlex

from pyinfra.api import deploy

from preprod import secrets as secret_values
from preprod.catalogue import OVERLAY
from preprod.deploys.plan import Plan
from preprod.images import Chosen
from preprod.operations import bundle, compose, secrets, volumes
from preprod.operations.bundle import STAGE, Validator
from preprod.operations.compose_plan import Service, Stage, service
from preprod.paths import PROJECT
from preprod.render.compose import FILES

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
    secrets.no_others(name="old secrets", steps=plan.steps, resting=OVERLAY.keys() - plan.chosen.keys())


def _services(plan: Plan) -> list[Service]:
    listed = [_service(plan, name, choice) for name, choice in plan.chosen.items()]
    return [*listed, service("migrate", plan.chosen["api"].reference, plan.bundle, stage="before")]


def _service(plan: Plan, name: str, choice: Chosen) -> Service:
    secret_files, stage = _secret_files(plan, name), _STAGES.get(name, "rest")
    return service(name, choice.reference, plan.bundle, secret_files, choice.image.reload, stage)


def _secret_files(plan: Plan, name: str) -> list[str]:
    read = (step.secret.name for step in plan.steps if name in step.secret.readers)
    return [f"{secret_values.directory(name)}/{secret}" for secret in read]


def _volumes(plan: Plan) -> dict[str, str]:
    images = (choice.image for choice in plan.chosen.values())
    return {image.data_volume: f"{image.uid}:{image.gid}" for image in images if image.data_volume}


def _validators(plan: Plan) -> list[Validator]:
    """Every file is tried by what will read it, in the very image that will."""
    config = f"docker compose --project-directory /srv/preprod {_compose_files(plan)} config -q"
    checked = {name: choice for name, choice in plan.chosen.items() if choice.image.check}
    return [
        *(Validator(name, config) for name in _files(plan)),
        *(Validator(f"{name}/", _quietly(_check(name, choice))) for name, choice in checked.items()),
    ]


def _files(plan: Plan) -> list[str]:
    return [name for name in FILES if name in plan.bundle]


def _compose_files(plan: Plan) -> str:
    return " ".join(f"-f {name}" for name in _files(plan))


def _check(name: str, choice: Chosen) -> str:
    """The image's own check of the staged files, cut off from everything."""
    image = choice.image
    program, *arguments = map(shlex.quote, image.check)
    return (
        f"docker run --rm --network none --cap-drop ALL {_given_back(image.capabilities)} --user {image.uid} "
        f"--read-only --tmpfs /tmp:mode=1777 -e XDG_DATA_HOME=/tmp -e XDG_CONFIG_HOME=/tmp "
        f"-v {STAGE}/{name}:{image.config_path}:ro --entrypoint {program} {choice.reference} {' '.join(arguments)}"
    )


def _given_back(capabilities: tuple[str, ...]) -> str:
    return " ".join(f"--cap-add {capability}" for capability in capabilities)


def _quietly(command: str) -> str:
    """The command, its output shown only when it fails."""
    return f'said=$({command} 2>&1) || {{ echo "$said" >&2; exit 1; }}'
