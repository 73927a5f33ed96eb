"""A person who uses the API over HTTP."""

import uuid
from typing import Any

import httpx2
from program import Server

PASSWORD = "canary-user-password-1"  # noqa: S105  (of test users; searched for in the logs)


def new_email() -> str:
    return f"canary-{uuid.uuid4().hex}@example.com"


class Person:
    """A registered user with a session."""

    def __init__(self, server: Server, email: str = "") -> None:
        self.server = server
        self.email = email or new_email()
        self.http = server.client()
        self.created("/api/auth/register", email=self.email, password=PASSWORD, display_name="canary-name")
        self.token: str = self.log_in().json()["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def log_in(self, email: str = "", password: str = PASSWORD) -> httpx2.Response:
        return self.http.post("/api/auth/login", json={"email": email or self.email, "password": password})

    def created(self, path: str, **body: str) -> dict[str, Any]:
        """Post the body; fails when the answer is not 201."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        thing: dict[str, Any] = answer.json()
        return thing

    def organization(self) -> str:
        return str(self.created("/api/organizations", name="canary-organization")["id"])

    def workspace(self, organization: str, name: str = "canary-workspace") -> str:
        return str(self.created(f"/api/organizations/{organization}/workspaces", name=name)["id"])

    def items(self, path: str, **query: int) -> list[dict[str, Any]]:
        """The list at the path; fails when the answer is not 200."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items
