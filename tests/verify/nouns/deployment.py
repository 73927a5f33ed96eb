"""What the last deploy wrote down on the host, and what the catalogue adds to it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from preprod.catalogue import CATALOGUE
from preprod.contract import Contract, load
from preprod.images import Flavour
from preprod.observability import Retention
from preprod.paths import MANIFEST
from verify.nouns.errors import NotVerifiable
from verify.nouns.inventory import ROOT


class Service(BaseModel):
    """A service as it was deployed."""

    image: str
    version: str
    flavour: Flavour
    uid: int
    gid: int
    capabilities: tuple[str, ...]
    memory_mb: int
    pids: int
    data_path: str | None


class Observability(BaseModel):
    """What the manifest says of the observability overlay."""

    contract: str
    """Path of the app's telemetry contract in the checkout."""
    app_metrics: Literal["scrape", "otlp"]
    scrape_interval: int
    """Seconds."""
    outage_tolerance: int
    """Seconds that a store may be down without a gap afterwards."""
    retention: Retention
    grafana: str | None
    """Its URL."""

    @cached_property
    def promised(self) -> Contract:
        """The app's telemetry contract."""
        return load(ROOT / self.contract)


FileRecord = Annotated[str, Field(pattern=r"^\d{4} \d+ \d+ (sha256:[0-9a-f]{64}|secret)$")]
"""Mode (octal), uid, gid, and the content's digest unless it is a secret."""


class Deployment(BaseModel):
    """The manifest of a host."""

    commit: str
    project: str
    environment: str
    domain: str | None
    log_level: str
    published: tuple[str, ...]
    services: dict[str, Service]
    one_shot: tuple[str, ...]
    observability: Observability | None
    secrets: dict[str, tuple[str, ...]]
    files: dict[str, FileRecord]
    """By path below the base directory."""

    @property
    def modes(self) -> dict[str, str]:
        """Path below the base directory -> mode (octal), uid and gid, as ``0644 0 0``."""
        return {path: record.rpartition(" ")[0] for path, record in self.files.items()}

    @property
    def digests(self) -> dict[str, str]:
        """Path below the base directory -> SHA-256 in hexadecimal, of every file that is no secret."""
        contents = {path: record.rpartition(" ")[2] for path, record in self.files.items()}
        return {path: text.removeprefix("sha256:") for path, text in contents.items() if text != "secret"}

    @property
    def logs_requests(self) -> bool:
        """Whether the app writes a line about every request; at the higher levels it does not."""
        return self.log_level in ("debug", "info")

    @property
    def source(self) -> str:
        """The commit that was deployed, whether or not files differed from it."""
        return self.commit.removesuffix("-dirty")

    @property
    def proven(self) -> list[str]:
        """Every service with version and flavour, as ``prometheus 2.53 (packaged)``."""
        return [f"{name} {service.version} ({service.flavour})" for name, service in self.services.items()]

    def component(self, service: str, image: str) -> str:
        """Name of the entry by which a service is judged; one that ends by itself runs another service's image.

        :raises LookupError: the manifest knows neither the service nor the image.
        """
        if service in self.services:
            return service
        for name, known in self.services.items():
            if known.image == image:
                return name
        raise LookupError(f"{MANIFEST} knows neither a service {service} nor the image {image}: deploy again")

    def cpus(self, component: str) -> float:
        """Processors that a container may use; the manifest leaves this to the catalogue."""
        return CATALOGUE[component].cpus

    def has_health_check(self, component: str) -> bool:
        """Whether the image has anything to ask with."""
        return bool(CATALOGUE[component].image(self.services[component].flavour).health)

    def tmpfs(self, component: str) -> frozenset[str]:
        """Paths that are writable in memory."""
        return frozenset(CATALOGUE[component].tmpfs)

    def readers(self) -> Mapping[str, frozenset[str]]:
        """Directory of secrets -> the names of those that lie in it."""
        directories = {directory for copies in self.secrets.values() for directory in copies}
        return {d: frozenset(name for name, copies in self.secrets.items() if d in copies) for d in directories}


def parsed(host: str, text: str) -> Deployment:
    """The manifest of a host.

    :raises NotVerifiable: it is not one that this checkout's deploy writes.
    """
    try:
        return Deployment.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        fault = f"{where}: {first['msg']}"
        raise NotVerifiable(f"{host}: {MANIFEST} does not fit this checkout ({fault}): deploy again") from None


def checkout_commit() -> str:
    """The commit of this checkout; ``unknown`` outside of one, which is what a deploy from there records, too."""
    argv = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(argv, capture_output=True, text=True).stdout.strip() or "unknown"
