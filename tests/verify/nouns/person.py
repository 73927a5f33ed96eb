"""A user of the app with a session."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import requests

from verify.nouns.api import Api, UnexpectedAnswer, expected

_ADDRESS = re.compile(r"verify-([0-9a-f]{8})[0-9a-f]{24}@example\.com")


def forgotten(addresses: Iterable[str], seconds: float) -> list[str]:
    """Those of the addresses that a suite registered longer ago, or before addresses told the time."""
    found = {address: _ADDRESS.fullmatch(address) for address in addresses}
    return [address for address, own in found.items() if own and abs(time.time() - int(own[1], 16)) > seconds]


class Person:
    """Registers and logs in when made; every name is new, so that runs never meet, and tells when that was."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._token = ""
        self._password = f"verify-{uuid.uuid4().hex}"
        self.email = f"verify-{int(time.time()):08x}{uuid.uuid4().hex[8:]}@example.com"
        self.created("/api/auth/register", email=self.email, password=self._password, display_name="Verification")
        self.log_in()

    def log_in(self) -> None:
        """
        :raises UnexpectedAnswer: the app refuses.
        """
        self._token = expected(self.try_password(self._password), 200)["token"]

    def try_password(self, password: str, **headers: str) -> requests.Response:
        """The answer to a log-in."""
        credentials = {"email": self.email, "password": password}
        return self._api.request("POST", "/api/auth/login", json=credentials, headers=headers)

    def get(self, path: str) -> requests.Response:
        return self._api.request("GET", path, headers=self._authorization)

    def browse(self, path: str) -> requests.Response:
        """What a browser gets that has logged in by the form of the operations page.

        :raises UnexpectedAnswer: the form logs nobody in.
        """
        form = {"email": self.email, "password": self._password}
        answer = self._api.request("POST", "/admin/log-in", data=form)
        if answer.status_code != 303:
            raise UnexpectedAnswer(f"the form of the operations page was answered with {answer.status_code}")
        # By hand: over a relayed connection the host's name is not the one that the cookie was set for.
        cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        return self._api.request("GET", path, headers={"Cookie": cookies})

    def post(self, path: str, headers: Mapping[str, str] | None = None, /, **body: str) -> requests.Response:
        return self._api.request("POST", path, json=body or None, headers={**self._authorization, **(headers or {})})

    def created(self, path: str, headers: Mapping[str, str] | None = None, /, **body: str) -> dict[str, Any]:
        """Post the body and give what came about.

        :raises UnexpectedAnswer: the answer is not 201.
        """
        return expected(self.post(path, headers, **body), 201)

    def content_item(self) -> str:
        """Id of a new one, in an organization and a workspace of its own.

        :raises UnexpectedAnswer: the app refuses.
        """
        organization = self.created("/api/organizations", name="Verification")["id"]
        workspace = self.created(f"/api/organizations/{organization}/workspaces", name="Verification")["id"]
        return str(self.created(f"/api/workspaces/{workspace}/content-items", title="Verification")["id"])

    def ids(self, path: str) -> list[str]:
        """Ids of the things listed at a path.

        :raises UnexpectedAnswer: the answer is not 200.
        """
        return [item["id"] for item in expected(self.get(path), 200)["items"]]

    def canaries_in(self, text: str) -> list[str]:
        """Which of this person's private things a text holds; the things themselves are not told."""
        private = {"password": self._password, "token": self._token, "e-mail address": self.email}
        return [name for name, value in private.items() if value.lower() in text.lower()]

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}
