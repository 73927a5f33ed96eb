"""``docs/services.md``, generated from the catalogue: ``python -m preprod.render.services_page`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from preprod.catalogue import BASE, CATALOGUE
from preprod.images import Component, Image
from preprod.observability import OPTIONAL
from preprod.preflight import LOOPBACK_PORTS
from preprod.render.generated import write_or_check
from preprod.render.templates import ROOT

PAGE = ROOT / "docs" / "services.md"

_HEAD = """# Services

Generated from `preprod/catalogue` by `python -m preprod.render.services_page`; do not edit.

Every service has a read-only root file system, `no-new-privileges`, all capabilities dropped but those named here, and
limits of memory, processors and processes. Where the official image and the package-built one differ, both are told, in
this order.
"""

_COLUMNS = (
    "Service",
    "Image",
    "Ports in its networks",
    "Volume",
    "uid:gid",
    "Capabilities",
    "Memory, CPUs, processes",
    "Health check",
    "Retention",
)


def page() -> str:
    """The whole page: one table of what always runs, one of the overlay."""
    overlay = [component for name, component in CATALOGUE.items() if name not in BASE]
    usual = [component for component in overlay if component.name not in OPTIONAL]
    asked = [component for component in overlay if component.name in OPTIONAL]
    return "\n".join(
        [
            _HEAD,
            *_table("On every host", BASE.values()),
            *_table("With `observability = True`", usual),
            *_table("Where `observability_components` asks for it", asked),
            "With `observability_ports = True` these answer on the loopback address of the host as well: "
            + ", ".join(f"{name} {ports[0]}" for name, ports in LOOPBACK_PORTS.items())
            + ".\n",
        ]
    )


def _table(title: str, components: Iterable[Component]) -> list[str]:
    rule = "|".join("---" for _ in _COLUMNS)
    rows = [f"| {' | '.join(_row(component))} |" for component in components]
    return [f"## {title}\n", f"| {' | '.join(_COLUMNS)} |", f"|{rule}|", *rows, ""]


def _row(component: Component) -> list[str]:
    images = [component.official, *([component.packaged] if component.packaged else [])]
    return [
        component.name,
        _each(f"`{_reference(component, image)}`" for image in images),
        ", ".join(map(str, component.ports)),
        _each(f"`{image.data_volume}` at `{image.data_path}`" if image.data_volume else "none" for image in images),
        _each(f"{image.uid}:{image.gid}" for image in images),
        _each(", ".join(image.capabilities) or "none" for image in images),
        f"{component.memory_mb} MB, {component.cpus:g}, {component.pids}",
        _each(_health(image) for image in images),
        f"`{component.keeps}`" if component.keeps else "",
    ]


def _reference(component: Component, image: Image) -> str:
    return image.reference if ":" in image.reference else f"{image.reference}:{image.version or component.version}"


def _health(image: Image) -> str:
    if not image.health:
        return "none: nothing in the image can ask"
    return "`" + " ".join(image.health[1:]).replace("\\r\\n", "").replace("|", "\\|") + "`"


def _each(parts: Iterable[str]) -> str:
    return "<br>".join(dict.fromkeys(parts))


def main(arguments: Iterable[str]) -> str | None:
    """Write the page, or with ``--check`` say in a sentence that it is stale."""
    return write_or_check(PAGE, page(), "preprod.render.services_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
