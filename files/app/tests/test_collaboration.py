"""What members do with content items, and what they tell us."""

from typing import Any

import pytest
from client import Person


@pytest.fixture
def item(person: Person) -> str:
    workspace = person.workspace(person.organization())
    path = f"/api/workspaces/{workspace}/content-items"
    return f"/api/content-items/{person.created(path, title='Draft')['id']}"


def my_id(person: Person) -> str:
    me: dict[str, Any] = person.http.get("/api/me").json()
    return str(me["id"])


def test_a_content_item_is_discussed(person: Person, item: str) -> None:
    comments = f"{item}/comments"
    first = person.created(comments, body="  Too long. ")
    second = person.created(comments, body="Better.")
    assert (first["body"], first["author_id"]) == ("Too long.", my_id(person))
    assert item.endswith(first["content_item_id"])
    assert person.items(comments) == [first, second]
    assert person.items(comments, limit=1, offset=1) == [second]


def test_a_content_item_is_decided_about(person: Person, item: str) -> None:
    decisions = f"{item}/decisions"
    rejected = person.created(decisions, decision="rejected", note="No colours.")
    approved = person.created(decisions, decision="approved")
    assert (rejected["note"], approved["note"]) == ("No colours.", "")
    assert approved["decided_by_id"] == my_id(person)
    assert [entry["decision"] for entry in person.items(decisions)] == ["rejected", "approved"]
    assert person.http.post(decisions, json={"decision": "perhaps"}).status_code == 422


@pytest.mark.parametrize("kind", ["bug", "idea"])
def test_feedback_is_taken(person: Person, kind: str) -> None:
    report = person.created("/api/feedback", type=kind, message="It is slow.")
    assert (report["type"], report["author_id"]) == (kind, my_id(person))


@pytest.mark.parametrize("body", [{"type": "praise", "message": "x"}, {"type": "bug", "message": " "}, {}])
def test_wrong_feedback_is_422(person: Person, body: dict[str, str]) -> None:
    assert person.http.post("/api/feedback", json=body).status_code == 422


@pytest.mark.parametrize("what", ["comments", "decisions"])
def test_a_stranger_does_not_get_to_a_content_item(stranger: Person, item: str, what: str) -> None:
    assert stranger.http.get(f"{item}/{what}").status_code == 404
    body = {"body": "x"} if what == "comments" else {"decision": "approved"}
    assert stranger.http.post(f"{item}/{what}", json=body).status_code == 404


def test_who_did_what_is_audited_without_content(person: Person, item: str) -> None:
    comment = person.created(f"{item}/comments", body="canary-comment")
    line = person.server.line("an audit line", action="comment.created", object_id=comment["id"])
    assert (line["log_type"], line["object_type"]) == ("audit", "comment")
    assert line["user_id"] == my_id(person)
    assert len(line["event_id"]) == 36
    assert line["correlation_id"] != "-"
    assert person.server.request_line(line["correlation_id"])["org_id"] == line["org_id"]
