"""Whole hosts for pyinfra's own fake connector: what each of our scripts answers there, as an inventory file."""

from __future__ import annotations

import base64
import hashlib
import shlex
from pathlib import Path
from typing import Any

from preprod.catalogue import BASE
from preprod.facts import shell
from preprod.operations.engine import compose_binary
from preprod.paths import PROJECT
from preprod.render.daemon import daemon_json
from unit import given

Answers = dict[str, Any]
"""Script -> what it prints, or what :class:`pyinfra.connectors.fake.FakeConnector` takes instead."""

_DEBIAN = "os debian 12\nmachine x86_64\nuid 0\ndisk 20000000\n"
OUTSIDE_GIT = {"GIT_DIR": "/nowhere"}
"""Environment in which the manifest does not depend on the state of the checkout."""

_STARTED = "2026-11-20T10:00:00Z"


def containers(image: str = "sha256:1") -> str:
    lines = [_container(name, "running 0 healthy", image) for name in BASE]
    return "\n".join([*lines, _container("migrate", "exited 0 none", image)])


def _container(service: str, state: str, image: str) -> str:
    return f"have {service} hash {state} 0 {image} id-{service} {_STARTED} /{PROJECT}-{service}-1"


def blank() -> Answers:
    """A supported machine with nothing on it, on which everything that is started becomes healthy."""
    return {"host-look": _DEBIAN, "compose-wait": containers()}


def converged(**data: Any) -> Answers:
    """A host that is as the settings say, if the run is one :data:`OUTSIDE_GIT`."""
    of = given.settings(**data)
    chosen, files = given.chosen(of), given.bundle(of, commit="unknown")
    uids = {name: choice.image.uid for name, choice in chosen.items()}
    references = [choice.reference for choice in chosen.values()]
    look = [f"file {f.sha256} {f.mode:o} {f.uid} {f.gid} {path}" for path, f in files.items()]
    copies = [(step.secret.name, service) for step in given.steps(of) for service in step.secret.readers]
    return {
        "host-look": f"{_DEBIAN}engine 26.1.5",
        "engine-look": f"installed yes\nrunning yes\ndaemon {_base64(daemon_json(of, ''))}\ncompose {_compose()}",
        "images-held": "\n".join(references),
        "secrets-look": "\n".join(
            [
                *(f"version {name} 1 1" for name, _ in copies),
                *(f"copy {name} {service} 400 {uids[service]} {uids[service]} yes no" for name, service in copies),
            ]
        ),
        "volumes-look": "\n".join(
            f"socialize_{name}-data {uids[name]}:{uids[name]}" for name, c in chosen.items() if c.image.data_path
        ),
        "bundle-look": "\n".join([*look, f"manifest {_base64(files['manifest.json'].text)}"]),
        "compose-look": "\n".join(
            [
                *(f"want {name} hash" for name in (*BASE, "migrate")),
                containers(),
                *(f"image {reference} sha256:1" for reference in references),
                f"upstream api {PROJECT}-api-1",
                *(f"watch 1.0 {f.sha256} {path}" for path, f in files.items()),
            ]
        ),
        "database-login": "accepted",
        "compose-wait": containers(),
    }


def inventory(path: Path, hosts: dict[str, Answers], delay: float = 0, **data: Any) -> Path:
    """An inventory file with these fake hosts.

    :param delay: seconds that every command takes.
    :param data: settings of all of them.
    """
    listed = [
        (
            name,
            {
                "fake_delay": delay,
                "fake_delay_jitter": 0,
                # A script's own text, quoted as on the command line, is what tells its command from others.
                "fake_responses": {shlex.quote(shell.text(s))[1:-1]: answer for s, answer in answers.items()},
                "app_image": given.APP_IMAGE,
                **data,
            },
        )
        for name, answers in hosts.items()
    ]
    path.write_text(f"hosts = {listed!r}\n")
    return path


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _compose() -> str:
    return hashlib.sha256(Path(compose_binary()).read_bytes()).hexdigest()
