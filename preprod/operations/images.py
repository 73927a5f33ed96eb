"""Images on a host's engine: pulled, loaded from archives, or built from recipes."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation

from preprod.facts.images import ImagesHeld
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
