"""What the app is for, done by users who are new in each run (docs/operations.md says how they go)."""

from __future__ import annotations

import uuid

from verify.nouns.api import Api, expected
from verify.nouns.person import Person


def test_a_content_item_comes_about(person: Person) -> None:
    me = expected(person.get("/api/me"), 200)
    organization = person.created("/api/organizations", name=_name())["id"]
    workspace = person.created(f"/api/organizations/{organization}/workspaces", name=_name())["id"]
    items = f"/api/workspaces/{workspace}/content-items"

    item = person.created(items, title="Verified", body="It was here.")

    assert me["email"] == person.email
    assert (item["title"], item["body"], item["author_id"]) == ("Verified", "It was here.", me["id"])
    assert person.ids("/api/organizations") == [organization]
    assert person.ids(f"/api/organizations/{organization}/workspaces") == [workspace]
    assert person.ids(items) == [item["id"]]


def test_a_session_ends_with_the_log_out(person: Person, api: Api) -> None:
    assert person.get("/api/me").status_code == 200, f"{api} should know the session"
    assert person.post("/api/auth/logout").status_code == 204, f"{api} should end the session"
    assert person.get("/api/me").status_code == 401, f"{api} should refuse the token of an ended session"


def test_a_wrong_password_is_refused(person: Person, api: Api) -> None:
    error = expected(person.try_password("verify-wrong-password"), 401)["error"]
    assert error["code"] == "unauthorized", f"{api} should refuse a wrong password"


def test_a_tenant_sees_nothing_of_another(person: Person, api: Api) -> None:
    organization = person.created("/api/organizations", name=_name())["id"]
    workspace = person.created(f"/api/organizations/{organization}/workspaces", name=_name())["id"]
    person.created(f"/api/workspaces/{workspace}/content-items", title="Private")
    rooms = (f"/api/organizations/{organization}/workspaces", f"/api/workspaces/{workspace}/content-items")

    stranger = Person(api)

    assert stranger.ids("/api/organizations") == [], f"{api}: a new user should belong to no organization"
    for path in rooms:
        read = stranger.get(path).status_code
        written = stranger.post(path, name="Intruder", title="Intruder").status_code
        assert read == 404, f"{api}: a stranger's GET {path} should be 404"
        assert written in (404, 422), f"{api}: a stranger's POST {path} should be refused"
    assert len(person.ids(rooms[1])) == 1, f"{api}: the content of the first tenant should be as it was"


def _name() -> str:
    return f"verify-{uuid.uuid4().hex}"
