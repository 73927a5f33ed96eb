"""Values that many tests start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preprod import secrets
from preprod.images import Chosen
from preprod.render.bundle import Bundle
from preprod.render.project import project
from preprod.render.recipes import choose
from preprod.secrets import Step
from preprod.settings import Settings, load

APP_IMAGE = "registry.example/socialize:1"


def settings(**changes: Any) -> Settings:
    """Official images and an app image, so that nothing has to be built."""
    return load({"app_image": APP_IMAGE, **changes})


def chosen(of: Settings) -> dict[str, Chosen]:
    return choose(of, had=())


def steps(of: Settings, versions: Mapping[str, int] | None = None) -> list[Step]:
    """Every secret in place, at version 1 unless said otherwise."""
    return [Step(secret, secrets.Action.KEEP, (versions or {}).get(secret.name, 1), 1) for secret in secrets.wanted(of)]


def bundle(of: Settings, versions: Mapping[str, int] | None = None, commit: str = "c0ffee") -> Bundle:
    return project(of, chosen(of), steps(of, versions), commit)
