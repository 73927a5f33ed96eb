"""Archives of images on the controller: which reference lies in which file."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from preprod.references import familiar
from preprod.settings import Settings, SettingsError


def archived(settings: Settings) -> dict[str, Path]:
    """Reference -> archive, of every ``*.tar`` and ``*.tar.gz`` in ``image_archives``.

    :raises SettingsError: the directory or one of its archives cannot be read.
    """
    if settings.image_source != "archives" or settings.image_archives is None:
        return {}
    folder = Path(settings.image_archives)
    if not folder.is_dir():
        raise SettingsError(f"image_archives {folder} is no directory: name the one that holds the archives")
    archives = sorted([*folder.glob("*.tar"), *folder.glob("*.tar.gz")])
    return {reference: archive for archive in archives for reference in _references(archive)}


def _references(archive: Path) -> list[str]:
    try:
        with tarfile.open(archive) as tar:
            member = tar.extractfile("manifest.json")
            entries = json.load(member) if member else []
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise SettingsError(
            f"{archive} is no image archive ({type(error).__name__}): make it with docker save, or remove it"
        ) from None
    return [familiar(tag) for entry in entries for tag in entry.get("RepoTags") or []]
