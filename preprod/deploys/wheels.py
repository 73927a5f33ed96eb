"""The app's wheels, collected on the controller: a container may not trust the site's package proxy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pyinfra.api.exceptions import DeployError

from preprod.render.recipes import APP


def wheels(machine: str, python: str) -> dict[str, bytes]:
    """Path in the build context -> content: the locked dependencies (``wheels/``) and the app itself (``app/``).

    Downloads are kept in the user's cache under a digest of the lock, so that a changed app fetches nothing.

    :param machine: the host's processor, as ``uname -m`` says it.
    :param python: version of the image's Python, as in ``3.13``.
    :raises DeployError: a wheel cannot be had; pip's last lines say why.
    """
    lock = APP / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes() + f"{machine} {python}".encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "socialize-preprod" / digest
    if not (cache / ".complete").exists():
        _download(lock, cache, machine, python)
    with tempfile.TemporaryDirectory() as built:
        _pip("wheel", "--no-deps", "--wheel-dir", built, str(APP))
        app = {f"app/{path.name}": path.read_bytes() for path in Path(built).glob("*.whl")}
    return app | {f"wheels/{path.name}": path.read_bytes() for path in sorted(cache.glob("*.whl"))}


def _download(lock: Path, cache: Path, machine: str, python: str) -> None:
    platforms = [f"manylinux_2_28_{machine}", f"manylinux_2_17_{machine}", f"manylinux2014_{machine}"]
    abis = [f"cp{python.replace('.', '')}", "abi3", "none"]
    _pip(
        "download",
        "--require-hashes",
        "--only-binary=:all:",
        f"--python-version={python}",
        "--implementation=cp",
        *(f"--platform={platform}" for platform in platforms),
        *(f"--abi={abi}" for abi in abis),
        f"--dest={cache}",
        f"--requirement={lock}",
    )
    (cache / ".complete").touch()


def _pip(*arguments: str) -> None:
    command: Sequence[str] = (
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        *arguments,
    )
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise DeployError(f"the app's wheels cannot be collected (pip {arguments[0]} failed):\n{tail}")
