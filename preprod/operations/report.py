"""What an operator wants to know at the end of a run."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from preprod.facts.compose import Container, Containers


@operation()
def shown(project: str, lines: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    The services as they are now, and what else was said; changes nothing and so never counts as a change.

    + project: name of the Compose project
    + lines: what does not need a look at the host: addresses, places, what is left out

    **Example:**

    .. code:: python

        report.shown(name="Report", project="socialize", lines=["app: http://127.0.0.1:8080/"])
    """
    if state.is_executing:
        containers: tuple[Container, ...] = host.get_fact(Containers, project=project)
        for container in sorted(containers, key=lambda c: c.service):
            host.log(f"{container.service:<10} {_condition(container)}")
        for line in lines:
            host.log(line)
    host.noop("nothing to do in a report")
    yield from ()


def _condition(container: Container) -> str:
    if container.health != "none":
        return container.health
    done = container.status == "exited" and container.exit_code == 0
    return "done" if done else container.status
