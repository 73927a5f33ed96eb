"""Secrets on a host: made there, or brought over standard input; one copy for each service that reads them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from preprod.facts.secrets import SecretPaths, supplied_on_stdin
from preprod.facts.shell import script
from preprod.secrets import Action, Step, directory, strangers


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


@operation()
def no_others(steps: Sequence[Step], resting: Collection[str]) -> Generator[StringCommand, None, None]:
    """
    No copies lie on the host but those that are asked for: a setting that is taken back takes its secret along.

    Comes when the services have converged: until then a container may read what goes.

    + steps: every secret that is asked for
    + resting: services that are switched off for now; theirs stay, as their volumes do

    **Example:**

    .. code:: python

        secrets.no_others(name="Secrets | no others", steps=steps, resting=["grafana"])
    """
    found: list[str] = host.get_fact(SecretPaths)
    others = strangers(found, (step.secret for step in steps), resting)
    if not others:
        host.noop("nothing else lies among the secrets")
        return
    host.log(f"no longer asked for, removed: {', '.join(others)}")
    yield script("secrets-drop", *others)


def _copies(step: Step, uids: Mapping[str, int]) -> list[str]:
    readers = step.secret.readers
    return [f"{directory(reader)}/{step.secret.name} (mode 0400, owner {uids[reader]})" for reader in readers]
