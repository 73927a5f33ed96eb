"""Nothing of a tenant is seen from outside."""

import uuid
from collections.abc import Callable

import httpx2
import pytest
from client import Person
from program import Server

PATHS = {
    "GET me": "/api/me",
    "POST logout": "/api/auth/logout",
    "GET organizations": "/api/organizations",
    "POST organizations": "/api/organizations",
    "GET workspaces": "/api/organizations/{organization}/workspaces",
    "POST workspaces": "/api/organizations/{organization}/workspaces",
    "GET content items": "/api/workspaces/{workspace}/content-items",
    "POST content items": "/api/workspaces/{workspace}/content-items",
}
BODY = {"name": "x", "title": "x"}
OF_TENANTS = [name for name, path in PATHS.items() if "{" in path]

Call = Callable[[Person, str], httpx2.Response]


def body_for(name: str) -> dict[str, str] | None:
    return {"title": "x"} if "items" in name else {"name": "x"} if name.startswith("POST") else None


@pytest.fixture
def call(person: Person) -> Call:
    """Calls an address of a tenant that belongs to `person`, as somebody else."""
    organization = person.organization()
    known = {"organization": organization, "workspace": person.workspace(organization)}

    def as_somebody(somebody: Person, name: str) -> httpx2.Response:
        method = name.split()[0]
        body = body_for(name) if method == "POST" else None
        return somebody.http.request(method, PATHS[name].format(**known), json=body)

    return as_somebody


@pytest.mark.parametrize("name", OF_TENANTS)
def test_another_tenant_gets_404(call: Call, person: Person, stranger: Person, name: str) -> None:
    assert call(person, name).is_success
    answer = call(stranger, name)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("name", OF_TENANTS)
def test_a_foreign_tenant_looks_like_none(call: Call, stranger: Person, name: str) -> None:
    nowhere = PATHS[name].format(organization=uuid.uuid4(), workspace=uuid.uuid4())
    method = name.split()[0]
    absent = stranger.http.request(method, nowhere, json=body_for(name) if method == "POST" else None)
    assert absent.status_code == 404
    assert absent.json()["error"] == call(stranger, name).json()["error"]


def test_lists_hold_nothing_of_others(person: Person, stranger: Person) -> None:
    person.organization()
    assert stranger.items("/api/organizations") == []


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer \xff"]
)
def test_without_a_session_everything_is_401(server: Server, name: str, authorization: str) -> None:
    path = PATHS[name].format(organization=uuid.uuid4(), workspace=uuid.uuid4())
    headers = {b"Authorization": authorization.encode("latin-1")} if authorization else {}
    answer = server.http.request(name.split()[0], path, headers=headers, json={})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "unauthorized"
