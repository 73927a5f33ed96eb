"""Somebody who does a little of everything with the app, so that there is something of everything to be measured."""

from __future__ import annotations

import uuid

from verify.nouns.api import Api, UnexpectedAnswer
from verify.nouns.person import Person

MEASUREMENTS = [{"name": "LCP", "value": 900}, {"name": "INP", "value": 40}, {"name": "CLS", "value": 0.01}]
"""Of a good page; milliseconds, but for the last."""


class Visitor:
    """A new person."""

    def __init__(self, api: Api) -> None:
        """
        :raises UnexpectedAnswer: the app refuses.
        """
        self._api = api
        self._person = Person(api)

    def visit(self) -> None:
        """A request to each group of routes, one of them refused.

        :raises UnexpectedAnswer: the app answers otherwise than it should.
        """
        self._person.content_item()
        self._person.ids("/api/organizations")
        answers = {
            "a wrong password": (self._person.try_password("wrong"), 401),
            "an upload that there is not": (self._person.get(f"/api/uploads/{uuid.uuid4()}"), 404),
            "measurements": (
                self._api.request("POST", "/api/ux/vitals", json={"measurements": MEASUREMENTS}),
                204,
            ),
            "the operations page without a session": (self._api.request("GET", "/admin/ops"), 401),
            "the end of no session": (self._api.request("POST", "/admin/log-out"), 303),
        }
        for what, (answer, status) in answers.items():
            if answer.status_code != status:
                raise UnexpectedAnswer(f"{self._api} should answer {what} with {status}, not {answer.status_code}")
