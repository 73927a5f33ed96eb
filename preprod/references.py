"""References of images, in the one form in which the engine names what it holds."""

from __future__ import annotations

_DOCKER_HUB = ("docker.io/", "index.docker.io/")


def familiar(reference: str) -> str:
    """The engine's own short form: without Docker Hub's address, and without ``library/`` before an official name.

    In another form the engine would seem to lack what it holds, and it would be pulled again by every run.
    """
    hub = next((prefix for prefix in _DOCKER_HUB if reference.startswith(prefix)), "")
    path = reference.removeprefix(hub)
    official = path.removeprefix("library/")
    return path if "/" in official else official


def is_pinned(reference: str) -> bool:
    """Whether it has a tag or a digest; a colon before the last slash is that of a port."""
    return "@" in reference or bool(reference.rpartition("/")[2].partition(":")[2])
