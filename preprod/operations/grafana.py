"""Accounts in Grafana: the administrator's password, and the people that the settings name."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from preprod.facts.grafana import GrafanaPeople, People
from preprod.facts.shell import script


@operation()
def accounts(project: str, roles: Mapping[str, str]) -> Generator[StringCommand, None, None]:
    """
    The administrator has the password that lies among the secrets, and everybody named has an account with this role.

    A new account gets the first password that lies among the secrets; later ones are its owner's. Accounts that are
    not named are left alone, and said. Fails when Grafana does not answer: it runs when this is done.

    + project: name of the Compose project
    + roles: log-in name -> Grafana's role, ``Editor`` or ``Viewer``

    **Example:**

    .. code:: python

        grafana.accounts(name="accounts", project="socialize", roles={"ada": "Editor"})
    """
    found: People = host.get_fact(GrafanaPeople, project=project)
    if found.status == 401:
        host.log("administrator: Grafana does not take the password among the secrets; it gets it")
        yield script("grafana-admin", project)
        if state.is_executing:
            found = host.get_fact(GrafanaPeople, project=project)
    if state.is_executing and found.status != 200:
        # Without an answer nobody seems to have an account; and where nobody shall have one, all would seem well.
        yield script("grafana-answers", project)
        found = host.get_fact(GrafanaPeople, project=project)
    wrong = {name: role for name, role in roles.items() if _role(found, name) != role}
    for name, role in wrong.items():
        host.log(f"{name}: {_role(found, name) or 'no account'} -> {role}")
        known = [str(found.members[name].identifier)] if name in found.members else []
        yield script("grafana-person", project, name, role, *known)
    if strangers := sorted(found.members.keys() - roles.keys() - {"admin"}):
        host.log(f"not in grafana_users, left alone: {', '.join(strangers)}")
    if found.status == 200 and not wrong:
        host.noop("everybody has the account that the settings name")


def _role(found: People, name: str) -> str | None:
    return found.members[name].role if name in found.members else None
