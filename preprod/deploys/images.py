"""The images of every service, from the configured source."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.deploys.wheels import wheels
from preprod.images import OWN_PREFIX
from preprod.operations import images
from preprod.render.recipes import SUITE_PYTHON, Recipe, recipes
from preprod.settings import Settings


@deploy("Images")
def provide(plan: Plan) -> None:
    settings = plan.settings
    references = sorted({choice.reference for choice in plan.chosen.values()})
    own = [reference for reference in references if reference.startswith(OWN_PREFIX)]
    official = [reference for reference in references if reference not in own]
    if settings.image_source == "archives":
        images.loaded(name="load", references={r: plan.archives[r] for r in references if r in plan.archives})
        return
    if official:
        images.pulled(name="pull", references=official)
    if own:
        images.built(
            name="build",
            recipes=_recipes(settings),
            wanted=own,
            mirror=settings.debian_mirror,
            security=settings.debian_security_mirror,
            wheels=lambda: wheels(plan.host.machine, SUITE_PYTHON),
        )


@deploy("Images")
def tidy(plan: Plan) -> None:
    """After a deploy that went well: the images of earlier ones go, but for those to go back to."""
    references = {choice.reference for choice in plan.chosen.values()}
    if plan.settings.image_source != "archives":
        references |= {recipe.reference for recipe in _recipes(plan.settings)}
    own = {reference for reference in references if reference.startswith(f"{OWN_PREFIX}/")}
    images.pruned(name="prune", prefix=OWN_PREFIX, wanted=own, kept=plan.settings.images_kept)


def _recipes(settings: Settings) -> list[Recipe]:
    return list(recipes(settings, "packaged" if settings.image_source == "packages" else "official").values())
