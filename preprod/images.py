"""What an image is here, and what is true of each way to have it; the images themselves stand in the catalogue.

Official and package-built images of one component differ in uid, capabilities, paths and the tools that a health
check can use, so all of these stand in one place, beside the reference, and nowhere else.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Flavour = Literal["official", "packaged"]

OWN_PREFIX = "socialize-preprod"
"""Repository prefix of everything built by this package; official names are never reused."""


class Image(BaseModel):
    """One way to have a component."""

    model_config = ConfigDict(frozen=True)

    reference: str
    """Pinned reference; for a package-built image the repository, its tag is computed from the recipe."""
    uid: int
    gid: int
    version: str = ""
    """Version of the program, where it is not the component's."""
    health: tuple[str, ...] = ()
    """Arguments of the health check: Compose's `test`; none where the image has nothing to ask with."""
    capabilities: tuple[str, ...] = ()
    """Capabilities given back after `cap_drop: ALL`."""
    data_path: str | None = None
    """Where the volume is mounted."""
    data_volume: str | None = None
    """Name of the volume in the Compose file; services of one uid may share one."""
    config_path: str | None = None
    """Where the bundle's directory of the component's name is mounted."""
    check: tuple[str, ...] = ()
    """Command that says whether the files in `config_path` can be used; exit code 0 if so."""
    reload: tuple[str, ...] = ()
    """Command in the running container that makes the program read them again, and fails if it refuses."""


class Component(BaseModel):
    """A service of the Compose project: its images and its limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    official: Image
    packaged: Image | None
    """None where the distribution has no package that will do."""
    memory_mb: int
    cpus: float
    pids: int
    tmpfs: tuple[str, ...] = ("/tmp",)
    """Writable paths in memory; the root file system is read-only."""
    ports: tuple[int, ...] = ()
    """Ports that it answers on in its networks."""
    keeps: str = ""
    """What of it is kept, and for how long: the setting's name."""

    def image(self, flavour: Flavour) -> Image:
        if flavour == "packaged" and self.packaged:
            return self.packaged
        return self.official


def image_pair(image: Image, **changes: object) -> tuple[Image, Image]:
    """The official image, and the package-built one that differs from it so."""
    return image, image.model_copy(update=changes)


def asked_by_bash(port: int, path: str = "/") -> tuple[str, ...]:
    """A health check for images with bash and neither wget nor curl, as Debian's minimal base."""
    request = f"GET {path} HTTP/1.0\\r\\n\\r\\n"
    return (
        "CMD",
        "bash",
        "-c",
        f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf '{request}' >&3 && grep -q ' 200 ' <&3",
    )


def asked_by_wget(port: int, path: str = "/") -> tuple[str, ...]:
    """A health check for images with busybox."""
    return ("CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}{path}")


class MissingImages(Exception):
    """Images that no configured source can give; the message lists all of them and the ways to supply them."""


class Chosen(BaseModel):
    """The image that a component runs on this host."""

    model_config = ConfigDict(frozen=True)

    component: Component
    reference: str
    flavour: Flavour

    @property
    def image(self) -> Image:
        return self.component.image(self.flavour)

    @property
    def version(self) -> str:
        return self.image.version or self.component.version
