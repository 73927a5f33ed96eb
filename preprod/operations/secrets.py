"""Secrets on a host: made there, or brought over standard input; one copy for each service that reads them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.secrets import supplied_on_stdin
from preprod.facts.shell import script
from preprod.secrets import Action, Step, directory


@operation()
def present(
    steps: Sequence[Step], given: Mapping[str, str], uids: Mapping[str, int]
) -> Generator[StringCommand, None, None]:
    """
    Every secret has its copies, owned by the services that read them.

    + steps: what each secret needs, as planned from the fact ``Secrets``
    + given: supplied values; they travel over standard input alone
    + uids: service -> numeric uid and gid of its copies

    **Example:**

    .. code:: python

        secrets.present(name="Secrets | one copy per reader", steps=steps, given=given, uids=uids)
    """
    todo = [step for step in steps if step.action is not Action.KEEP]
    if not todo:
        host.noop("every secret is in place")
    for step in todo:
        host.log(f"secret {step.secret.name}: {step.action.value}; {', '.join(_copies(step, uids))}")
    for step in todo:
        readers = [f"{service}:{uids[service]}" for service in step.secret.readers]
        arguments = (step.action.name, step.secret.name, str(step.version), str(step.generation))
        own = {name: value for name, value in given.items() if name == step.secret.name}
        yield script("secrets-put", *arguments, *readers, stdin=supplied_on_stdin(own))


def _copies(step: Step, uids: Mapping[str, int]) -> list[str]:
    readers = step.secret.readers
    return [f"{directory(reader)}/{step.secret.name} (mode 0400, owner {uids[reader]})" for reader in readers]
