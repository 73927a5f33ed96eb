"""Images on a host's engine: pulled, loaded from archives, or built from recipes."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation

from preprod.facts.images import BuiltImages, ImagesHeld, OwnImages
from preprod.facts.shell import script
from preprod.paths import STATE
from preprod.render.recipes import SUITE, Recipe

WORK = f"{STATE}/images"

Wheels = Callable[[], Mapping[str, bytes]]
"""Gives the app's wheels, name -> content; called only when an image that needs them is built."""


@operation()
def pulled(references: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Images from their registry, unless the engine has them; all that cannot be had are named together.

    + references: pinned references

    **Example:**

    .. code:: python

        images.pulled(name="Images | pull", references=["postgres:17.7-trixie"])
    """
    held: set[str] = host.get_fact(ImagesHeld, references=list(references))
    missing = sorted(set(references) - held)
    if not missing:
        host.noop(f"{len(references)} images are there")
        return
    host.log(f"pulling {', '.join(missing)}")
    yield script("images-pull", *missing)


@operation()
def loaded(references: Mapping[str, Path]) -> Generator[StringCommand | FileUploadCommand, None, None]:
    """
    Images from archives on the controller, unless the engine has them; an archive travels once for all its images.

    + references: reference -> archive that holds it

    **Example:**

    .. code:: python

        images.loaded(name="Images | load", references={"postgres:17.7-trixie": Path("archives/postgres.tar.gz")})
    """
    held: set[str] = host.get_fact(ImagesHeld, references=list(references))
    missing = sorted(references.keys() - held)
    if not missing:
        host.noop(f"{len(references)} images are there")
        return
    archives = sorted({references[reference] for reference in missing})
    host.log(f"to load: {', '.join(missing)}")
    yield script("images-prepare")
    for number, archive in enumerate(archives, 1):
        host.log(f"loading {archive.name} ({number} of {len(archives)}, {archive.stat().st_size / 1e6:.0f} MB)")
        staged = posixpath.join(WORK, f"{number}{''.join(archive.suffixes[-2:])}")
        yield FileUploadCommand(str(archive), staged, remote_temp_filename=host.get_temp_filename(staged))
        yield script("images-load", staged, *(r for r in missing if references[r] == archive))


@operation()
def built(
    recipes: Sequence[Recipe], wanted: Sequence[str], mirror: str, security: str, wheels: Wheels
) -> Generator[StringCommand | FileUploadCommand, None, None]:
    """
    Images from recipes, unless the engine has them under the tag that their recipe and inputs give; a parent is built
    only for a child that is missing.

    + recipes: parents before children
    + wanted: the references that services run
    + mirror: Debian mirror for the base image
    + security: Debian mirror of security updates
    + wheels: gives the app's wheels when they are needed

    **Example:**

    .. code:: python

        images.built(name="Images | build", recipes=recipes, wanted=wanted, mirror=m, security=s, wheels=wheels)
    """
    held = host.get_fact(ImagesHeld, references=[recipe.reference for recipe in recipes])
    todo = _needed(recipes, set(wanted), held)
    if not todo:
        host.noop(f"{len(wanted)} images are there")
        return
    host.log(f"to build: {', '.join(recipe.reference for recipe in todo)}")
    yield script("images-prepare")
    for number, recipe in enumerate(todo, 1):
        host.log(f"building {recipe.reference} ({number} of {len(todo)})")
        if recipe.parent is None:
            yield script("images-base", recipe.reference, SUITE, mirror, security)
        else:
            staged = posixpath.join(WORK, f"{recipe.name}.tar")
            yield FileUploadCommand(
                context(recipe, wheels), staged, remote_temp_filename=host.get_temp_filename(staged)
            )
            yield script("images-build", recipe.reference, recipe.parent, staged)


def _needed(recipes: Sequence[Recipe], wanted: set[str], held: set[str]) -> list[Recipe]:
    todo: list[Recipe] = []
    needed = set(wanted)
    for recipe in reversed(recipes):
        if recipe.reference in needed and recipe.reference not in held:
            todo.insert(0, recipe)
            needed.add(recipe.parent or "")
    return todo


def context(recipe: Recipe, wheels: Wheels) -> io.BytesIO:
    """The build context as a tar without times or names: the engine's layer cache sees equal files as equal."""
    files = {**recipe.context, **(wheels() if recipe.with_wheels else {})}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    buffer.seek(0)
    return buffer


@operation()
def pruned(prefix: str, wanted: Collection[str], kept: int) -> Generator[StringCommand, None, None]:
    """
    Of each repository of ours only what containers use, and the images that deploys made use of last. The order of
    deploys counts and not the time of a build: who goes back to an older release and then on to a new one can go
    back to the older one again.

    + prefix: what stands before the first slash of our repositories
    + wanted: references that this deploy made use of, whether or not a container runs them
    + kept: how many images stay in each repository, the wanted one among them

    **Example:**

    .. code:: python

        images.pruned(name="Images | prune", prefix="socialize-preprod", wanted=wanted, kept=2)
    """
    found: BuiltImages = host.get_fact(OwnImages, prefix=prefix)
    latest = {_repository(reference): reference for reference in found.deployed}
    news = sorted(reference for reference in wanted if latest.get(_repository(reference)) != reference)
    gone = surplus(found, wanted, kept)
    if not news and not gone:
        host.noop("no image is left over")
        return
    for reference in gone:
        host.log(f"will remove {reference}")
    remembered = [r for r in found.deployed if r in found.used and r not in (*news, *gone)]
    yield script("images-prune", " ".join([*remembered, *news]), *gone)


def surplus(found: BuiltImages, wanted: Collection[str], kept: int) -> list[str]:
    """What goes; an image that is wanted and not there yet has its place among those that are kept."""
    repositories: dict[str, list[str]] = {}
    for reference in sorted({*found.used, *wanted}, key=lambda r: _latest_first(r, found, wanted)):
        repositories.setdefault(_repository(reference), []).append(reference)
    overdue = [reference for ranked in repositories.values() for reference in ranked[kept:]]
    return sorted(r for r in overdue if r not in wanted and not found.used[r])


def _latest_first(reference: str, found: BuiltImages, wanted: Collection[str]) -> tuple[bool, int, str]:
    when = found.deployed.index(reference) if reference in found.deployed else -1
    return reference not in wanted, -when, reference


def _repository(reference: str) -> str:
    return reference.rpartition(":")[0]
