"""A container that is none of the project's, on the same engine."""

from __future__ import annotations

import secrets

from verify.nouns.target import Target
from verify.nouns.traffic import Canary

LIFETIME_SECONDS = 300
"""It ends by itself, should this suite be killed meanwhile."""


class Bystander:
    """Prints one line with a canary, and stays until it is removed: of one that is gone, the log is gone, too."""

    def __init__(self, target: Target, image: str) -> None:
        """
        :param image: one that is on the engine and has a shell.
        """
        self.name = f"verify-bystander-{secrets.token_hex(4)}"
        self.canary = Canary()
        self._container = target.docker.containers.run(
            image,
            ["-c", f'printf "%s\\n" "$LINE"; exec sleep {LIFETIME_SECONDS}'],
            entrypoint="sh",
            name=self.name,
            # Not on its command line, which others on the host could read.
            environment={"LINE": f"{self.name} {self.canary.line}"},
            network_mode="none",
            auto_remove=True,
            detach=True,
            init=True,
        )

    def __repr__(self) -> str:
        return f"container {self.name}"

    def remove(self) -> None:
        self._container.remove(force=True)
