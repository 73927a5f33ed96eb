"""Recipes of the images that this package builds, and the choice of an image for every component.

A built image's tag is a digest of everything that goes into it, so "is it there?" and "is it up to date?" are one
question, and an unchanged recipe is never built twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from preprod.catalogue import API, ENGINE_PROXY, OVERLAY, PYTHON_OFFICIAL, WORKER, components
from preprod.images import OWN_PREFIX, Chosen, Component, Flavour, MissingImages
from preprod.references import familiar
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
        return _own(settings, mirrored(settings, PYTHON_OFFICIAL))
    base = Recipe("base", _tag("base", SUITE, {}, settings.packages_date), None, {})
    built = [base, *(_from(base.reference, name, version) for name, version in _packaged(settings).items())]
    every = {recipe.name: recipe for recipe in built}
    return every | _own(settings, every["python"].reference)


def _packaged(settings: Settings) -> dict[str, str]:
    """Image -> version, of what is built from the distribution's packages; services of one image name it once."""
    versions = {"python": SUITE_PYTHON}
    for component in components(settings).values():
        if component.packaged and component.name not in _OWN:
            versions[_image_name(component)] = component.packaged.version or component.version
    return versions


_OWN = ("api", "worker", "engine-proxy")
"""What we wrote ourselves: built on a base of either flavour."""


def _image_name(component: Component) -> str:
    image = component.packaged or component.official
    return image.reference.removeprefix(f"{OWN_PREFIX}/")


def _own(settings: Settings, python: str) -> dict[str, Recipe]:
    """Our own programs: the app unless the operator brings one, and the overlay's if it runs."""
    own = [] if settings.app_image else [_app(python)]
    if settings.watches("engine-proxy"):
        own.append(_from(python, ENGINE_PROXY.name, ENGINE_PROXY.version))
    return {recipe.name: recipe for recipe in own}


def _from(parent: str, name: str, version: str) -> Recipe:
    context = _tree(ROOT / "files" / "images" / name)
    return Recipe(name, _tag(name, version, context, parent), parent, context)


def _app(parent: str) -> Recipe:
    context = _tree(ROOT / "files" / "images" / "app")
    context["requirements.lock"] = (APP / "requirements.lock").read_bytes()
    sources = {**_tree(APP / "socialize"), "pyproject.toml": (APP / "pyproject.toml").read_bytes()}
    reference = _tag("app", API.version, {**context, **sources}, parent)
    return Recipe("app", reference, parent, context, with_wheels=True)


def _tree(root: Path) -> dict[str, bytes]:
    files = {path.relative_to(root): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {name.as_posix(): path.read_bytes() for name, path in files.items() if not _is_cache(name)}


def _is_cache(path: Path) -> bool:
    """Whether a tool left it there: it is no part of what is built."""
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


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
    return familiar(f"{settings.image_mirror}/{library}{reference}")


def candidates(settings: Settings) -> dict[str, list[Chosen]]:
    """Component -> every image that would do under these settings, best first."""
    return {
        name: [_candidate(settings, component, flavour) for flavour in _flavours(settings, component)]
        for name, component in components(settings).items()
    }


def _flavours(settings: Settings, component: Component) -> tuple[Flavour, ...]:
    if settings.image_source == "registry" or component.packaged is None:
        return ("official",)
    return ("packaged",) if settings.image_source == "packages" else ("official", "packaged")


def _candidate(settings: Settings, component: Component, flavour: Flavour) -> Chosen:
    return Chosen(component=component, reference=_reference(settings, component, flavour), flavour=flavour)


def _reference(settings: Settings, component: Component, flavour: Flavour) -> str:
    if component in (API, WORKER):
        return settings.app_image or recipes(settings, flavour)["app"].reference
    if component == ENGINE_PROXY:
        return recipes(settings, flavour)[component.name].reference
    if flavour == "official":
        return mirrored(settings, component.official.reference)
    return recipes(settings, flavour)[_image_name(component)].reference


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
    if settings.image_source == "packages" and option.component.packaged is None:
        return False
    return option.reference not in unreachable


def pullable(settings: Settings) -> set[str]:
    """References that would be pulled from a registry if the engine lacked them."""
    if settings.image_source == "archives":
        return set()
    if settings.image_source == "packages":
        return {settings.app_image} if settings.app_image else set()
    listed = {option.reference for options in candidates(settings).values() for option in options}
    return {reference for reference in listed if not reference.startswith(OWN_PREFIX)}


def _missing_sentence(settings: Settings, missing: Mapping[str, list[str]]) -> str:
    listed = "; ".join(f"{name} ({' or '.join(dict.fromkeys(options))})" for name, options in missing.items())
    ways = {
        "archives": f"put an archive of each into {settings.image_archives} (docker save), or load it on the host",
        "registry": "name a registry that has them (image_mirror), set image_source to 'archives' or 'packages', "
        "or load them on the host",
        "packages": f"{'correct app_image, or ' if settings.app_image else ''}load them on the host",
    }
    without = ", or leave them out of observability_components" if missing.keys() & OVERLAY.keys() else ""
    return f"missing images: {listed}. To supply them: {ways[settings.image_source]}{without}"
