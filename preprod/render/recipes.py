"""Recipes of the images that this package builds, and the choice of an image for every component.

A built image's tag is a digest of everything that goes into it, so "is it there?" and "is it up to date?" are one
question, and an unchanged recipe is never built twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from preprod.images import (
    API,
    CATALOGUE,
    OWN_PREFIX,
    PYTHON_OFFICIAL,
    WORKER,
    Chosen,
    Component,
    Flavour,
    MissingImages,
)
from preprod.render.templates import ROOT
from preprod.settings import Settings

SUITE = "trixie"
"""The Debian release that package-built images are made of, whatever the host runs."""

SUITE_PYTHON = "3.13"
"""Its Python, and that of the official image: the wheels are collected for it."""

APP = ROOT / "files" / "app"


@dataclass(frozen=True)
class Recipe:
    """How to build one image.

    ``parent`` is what it is built FROM; a recipe without one is the base, made by mmdebstrap. ``context`` maps paths in
    the build context to contents; a recipe ``with_wheels`` gets the app's wheels besides.
    """

    name: str
    reference: str
    parent: str | None
    context: Mapping[str, bytes]
    with_wheels: bool = False


def recipes(settings: Settings, flavour: Flavour) -> dict[str, Recipe]:
    """Image name -> recipe, parents first, of all that is built where images have this flavour."""
    if flavour == "official":
        return {} if settings.app_image else {"app": _app(mirrored(settings, PYTHON_OFFICIAL))}
    base = Recipe("base", _tag("base", SUITE, {}, settings.packages_date), None, {})
    built = [base, *(_from(base, name, version) for name, version in _VERSIONS.items())]
    every = {recipe.name: recipe for recipe in built}
    return every if settings.app_image else every | {"app": _app(every["python"].reference)}


_VERSIONS = {"python": SUITE_PYTHON, "postgres": "17", "caddy": "2"}


def _from(parent: Recipe, name: str, version: str) -> Recipe:
    context = _tree(ROOT / "files" / "images" / name)
    return Recipe(name, _tag(name, version, context, parent.reference), parent.reference, context)


def _app(parent: str) -> Recipe:
    context = _tree(ROOT / "files" / "images" / "app")
    context["requirements.lock"] = (APP / "requirements.lock").read_bytes()
    sources = {**_tree(APP / "socialize"), "pyproject.toml": (APP / "pyproject.toml").read_bytes()}
    reference = _tag("app", API.version, {**context, **sources}, parent)
    return Recipe("app", reference, parent, context, with_wheels=True)


def _tree(root: Path) -> dict[str, bytes]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _tag(name: str, version: str, files: Mapping[str, bytes], *inputs: str) -> str:
    total = hashlib.sha256("\0".join(inputs).encode())
    for path, content in sorted(files.items()):
        total.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return f"{OWN_PREFIX}/{name}:{version}-{total.hexdigest()[:12]}"


def mirrored(settings: Settings, reference: str) -> str:
    """An official reference, from ``image_mirror`` if there is one."""
    if settings.image_mirror is None:
        return reference
    library = "" if "/" in reference else "library/"
    return f"{settings.image_mirror}/{library}{reference}"


def candidates(settings: Settings) -> dict[str, list[Chosen]]:
    """Component -> every image that would do under these settings, best first."""
    flavours: dict[str, tuple[Flavour, ...]] = {
        "registry": ("official",),
        "packages": ("packaged",),
        "archives": ("official", "packaged"),
    }
    wanted = flavours[settings.image_source]
    return {name: [_candidate(settings, part, flavour) for flavour in wanted] for name, part in CATALOGUE.items()}


def _candidate(settings: Settings, component: Component, flavour: Flavour) -> Chosen:
    if component in (API, WORKER):
        reference = settings.app_image or recipes(settings, flavour)["app"].reference
    elif flavour == "official":
        reference = mirrored(settings, component.official.reference)
    else:
        reference = recipes(settings, flavour)[component.name].reference
    return Chosen(component=component, reference=reference, flavour=flavour)


def choose(settings: Settings, had: Collection[str], unreachable: Collection[str] = ()) -> dict[str, Chosen]:
    """Component -> the image it runs: one that can be had, official before package-built.

    :param had: references that lie on the engine or in an archive.
    :param unreachable: references that the host could not find in their registry.
    :raises MissingImages: lists every component without an image and the ways to supply one.
    """
    picked: dict[str, Chosen] = {}
    missing: dict[str, list[str]] = {}
    for name, options in candidates(settings).items():
        usable = [option for option in options if _obtainable(settings, option, had, unreachable)]
        if usable:
            picked[name] = usable[0]
        else:
            missing[name] = [option.reference for option in options]
    if missing:
        raise MissingImages(_missing_sentence(settings, missing))
    return picked


def _obtainable(settings: Settings, option: Chosen, had: Collection[str], unreachable: Collection[str]) -> bool:
    if option.reference in had:
        return True
    if settings.image_source == "archives":
        return False
    return option.reference not in unreachable


def _missing_sentence(settings: Settings, missing: Mapping[str, list[str]]) -> str:
    listed = "; ".join(f"{name} ({' or '.join(dict.fromkeys(options))})" for name, options in missing.items())
    ways = {
        "archives": f"put an archive of each into {settings.image_archives} (docker save), or load it on the host",
        "registry": "name a registry that has them (image_mirror), set image_source to 'archives' or 'packages', "
        "or load them on the host",
        "packages": "correct app_image, or load it on the host",
    }
    return f"missing images: {listed}. To supply them: {ways[settings.image_source]}"
