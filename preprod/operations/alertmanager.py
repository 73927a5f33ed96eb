"""Silence for the time of a deploy: what a rollout upsets is still seen in Alertmanager, and sent to nobody."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.shell import script


@operation()
def silenced(project: str, components: Sequence[str], seconds: int) -> Generator[StringCommand, None, None]:
    """
    Alerts about these components are not sent for a while, the dead man's switch is. Takes the place of the silence
    that an earlier run made; does nothing where no Alertmanager runs.

    + project: name of the Compose project
    + components: values of the alerts' label ``component``
    + seconds: after so long they are sent again, whatever became of the run

    **Example:**

    .. code:: python

        alertmanager.silenced(name="silence", project="socialize", components=["app", "probes"], seconds=720)
    """
    host.log(f"alerts about {', '.join(components)} are not sent meanwhile, for {seconds} s at most")
    matchers = (f'component=~"{"|".join(components)}"', 'alertname!="Watchdog"')
    yield script("alertmanager-silence", project, str(seconds), *matchers)


@operation()
def heard(project: str) -> Generator[StringCommand, None, None]:
    """
    What :func:`silenced` kept back is sent from now on, if it still fires.

    + project: name of the Compose project

    **Example:**

    .. code:: python

        alertmanager.heard(name="end of the silence", project="socialize")
    """
    yield script("alertmanager-expire", project)
