"""A person who uses the API over HTTP, and what people do with it."""

import re
import uuid
from typing import Any

import httpx2
from mailserver import Mailbox
from program import Server, eventually

PASSWORD = "canary-user-password-1"  # noqa: S105  (of test users; searched for in the logs)

ATTACHMENT = {"Content-Disposition": "attachment; filename=x"}


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


def create_all(person: Person) -> None:
    """Make one of everything, and read it back."""
    organization = person.organization()
    workspace = person.workspace(organization)
    items = f"/api/workspaces/{workspace}/content-items"
    item = f"/api/content-items/{person.created(items, title='x')['id']}"
    person.created(f"{item}/comments", body="x")
    for decision in ("approved", "rejected"):
        person.created(f"{item}/decisions", decision=decision)
    for kind in ("bug", "idea"):
        person.created("/api/feedback", type=kind, message="x")
    upload = person.http.post(f"/api/workspaces/{workspace}/uploads", content=b"x", headers=ATTACHMENT)
    assert person.http.get(f"/api/uploads/{upload.json()['id']}").content == b"x"
    for path in ("/api/organizations", f"/api/organizations/{organization}/workspaces", items):
        person.items(path)
    for path in ("comments", "decisions"):
        person.items(f"{item}/{path}")
    person.http.get("/api/me")
    measured = [{"name": name, "value": 0.2} for name in ("LCP", "INP", "CLS")]
    assert person.http.post("/api/ux/vitals", json={"measurements": measured}).status_code == 204


def invited_person(
    person: Person, mailbox: Mailbox, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """Let somebody be invited, by a worker that runs, and get in; returns the answer to the invitation."""
    address = new_email()
    path = f"/api/workspaces/{person.workspace(person.organization())}/invites"
    answer = person.http.post(path, json={"email": address}, headers=headers)
    assert answer.status_code == 201, answer.text
    mail = eventually(lambda: mailbox.to(address), "the mail arrives")[0]
    token = re.search(r"token=(\S+)", mail.get_content())
    assert token
    accepted = Person(person.server, address).http.post("/api/invites/accept", json={"token": token[1]})
    assert accepted.status_code == 200, accepted.text
    return answer
