"""The images of every service, from the configured source."""

from __future__ import annotations

from pyinfra.api import deploy

from preprod.deploys.plan import Plan
from preprod.deploys.wheels import wheels
from preprod.images import OWN_PREFIX
from preprod.operations import images
from preprod.render.recipes import SUITE_PYTHON, recipes


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
            recipes=list(recipes(settings, "packaged" if settings.image_source == "packages" else "official").values()),
            wanted=own,
            mirror=settings.debian_mirror,
            security=settings.debian_security_mirror,
            wheels=lambda: wheels(plan.host.machine, SUITE_PYTHON),
        )
