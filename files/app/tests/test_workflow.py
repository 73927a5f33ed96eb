"""What the app is for: register, log in, and work in an organization."""

import uuid
from datetime import datetime

from client import Person
from program import Server


def test_a_content_item_comes_about(person: Person) -> None:
    organization = person.organization()
    workspace = person.workspace(organization)
    path = f"/api/workspaces/{workspace}/content-items"

    item = person.created(path, title="  Spring  ", body="It is green.")

    author = person.http.get("/api/me").json()
    assert (item["title"], item["body"]) == ("Spring", "It is green.")
    assert (item["workspace_id"], item["author_id"]) == (workspace, author["id"])
    assert uuid.UUID(item["id"]).version == 4
    assert datetime.fromisoformat(item["created_at"]).tzinfo
    assert person.items(path) == [item]
    assert [o["id"] for o in person.items("/api/organizations")] == [organization]
    assert [w["id"] for w in person.items(f"/api/organizations/{organization}/workspaces")] == [workspace]


def test_me_shows_the_user_and_no_secret(person: Person) -> None:
    me = person.http.get("/api/me").json()
    assert me["email"] == person.email
    assert set(me) == {"id", "email", "display_name", "role", "created_at"}


def test_lists_come_in_pages_oldest_first(person: Person) -> None:
    path = f"/api/workspaces/{person.workspace(person.organization())}/content-items"
    titles = [f"item {n}" for n in range(5)]
    for title in titles:
        person.created(path, title=title)
    assert [i["title"] for i in person.items(path)] == titles
    assert [i["title"] for i in person.items(path, limit=2, offset=2)] == titles[2:4]


def test_a_workspace_name_is_taken_once_in_each_organization(person: Person) -> None:
    first, second = person.organization(), person.organization()
    person.workspace(first, "Design")
    person.workspace(second, "Design")
    again = person.http.post(f"/api/organizations/{first}/workspaces", json={"name": "Design"})
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "conflict"


def test_the_api_describes_itself(server: Server, person: Person) -> None:
    paths = person.http.get("/api/openapi.json").json()["paths"]
    assert "/api/workspaces/{workspace_id}/content-items" in paths
    assert person.http.get("/docs").status_code == 404
