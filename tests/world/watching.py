"""The overlay as far as this machine's engine has its images: what worlds are watched with, and what they are not."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

from preprod.images import Chosen
from preprod.observability import NEEDS, USUAL, ComponentName
from preprod.render.recipes import candidates
from preprod.settings import load

_EVERYTHING = {"observability": True, "image_source": "archives", "image_archives": "/"}


@cache
def _options() -> dict[str, list[Chosen]]:
    listed = candidates(load(_EVERYTHING))
    return {name: listed[name] for name in USUAL}


@cache
def held() -> frozenset[str]:
    """References of the overlay's images that the engine has."""
    references = {option.reference for options in _options().values() for option in options}
    return frozenset(reference for reference in references if _is_held(reference))


def _is_held(reference: str) -> bool:
    client = shutil.which("docker")
    return (
        client is not None
        and subprocess.run([client, "image", "inspect", reference], capture_output=True).returncode == 0
    )


def watchers() -> list[ComponentName]:
    """Components that can run here: an image of each is there, and what it needs as well."""
    had: list[ComponentName] = [
        name for name in USUAL if any(option.reference in held() for option in _options()[name])
    ]
    return [name for name in had if all(needed in had for needed in NEEDS.get(name, ()))]


def is_official(name: str) -> bool:
    """Whether a component would run here from its publisher's own image: those that a distribution builds can less."""
    return name in watchers() and best(name).flavour == "official"


def header() -> list[str]:
    """What tests in worlds prove of the overlay, and what is not there to prove."""
    proven = [f"{name} ({_flavour(name)})" for name in watchers()]
    absent = [name for name in USUAL if name not in watchers()]
    return [
        f"overlay in worlds: proven: {', '.join(proven) or 'nothing'}",
        f"overlay in worlds: not there to prove: {', '.join(absent) or 'nothing'}",
    ]


def _flavour(name: ComponentName) -> str:
    return f"{best(name).version}, {best(name).flavour}"


def best(name: str) -> Chosen:
    return next(option for option in _options()[name] if option.reference in held())
