"""Administrators whom a killed run of the suite left: the next run takes the role from them, and from nobody else."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import Any, cast

import pytest
from verify.nouns import operations
from verify.nouns.api import Api
from verify.nouns.container import Container
from verify.nouns.operations import LONGEST_SECONDS, Operations
from verify.nouns.person import Person


class App:
    """Holds the role of whom it was told."""

    def __init__(self, *administrators: str) -> None:
        self.administrators = list(administrators)

    def output(self, *command: str) -> str:
        match command:
            case ("socialize", "admin", "list"):
                return "".join(f"{one}\n" for one in self.administrators)
            case ("socialize", "admin", "grant", email):
                self.administrators.append(email)
            case ("socialize", "admin", "revoke", email):
                self.administrators.remove(email)
        return ""


def registered(ago: float) -> str:
    return f"verify-{int(time.time() - ago):08x}{uuid.uuid4().hex[8:]}@example.com"


def test_only_forgotten_ones_of_the_suite_lose_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    people = ["ada@example.com", f"not-{registered(ago=86400)}", "verify-ada@example.com"]
    beside = [registered(ago=0), registered(ago=LONGEST_SECONDS - 60)]
    before_times_were_told = f"verify-{'f' * 32}@example.com"
    app = App(*people, *beside, registered(ago=LONGEST_SECONDS + 60), registered(ago=86400), before_times_were_told)
    monkeypatch.setattr(operations, "Person", lambda api: SimpleNamespace(email=registered(ago=0)))
    granting = Operations(cast(Api, None), cast(Container, app))
    granting.grant()
    assert app.administrators == [*people, *beside, granting.administrator.email]
    granting.revoke()
    assert app.administrators == [*people, *beside]


def test_an_address_tells_when_it_was_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    def registers(self: Person, path: str, **body: Any) -> dict[str, Any]:
        return body

    monkeypatch.setattr(Person, "created", registers)
    monkeypatch.setattr(Person, "log_in", lambda self: None)
    now = int(time.time())
    assert now <= int(Person(cast(Api, None)).email[7:15], 16) <= now + 5
