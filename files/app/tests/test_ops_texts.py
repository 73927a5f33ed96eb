"""Nothing that others have written can harm the operations page, or tell more than it should."""

import httpx2
from client import Person
from operations import fresh, shown
from watchers import Watchers, alert

from socialize.ops import queries

FOREIGN = ("canary", "instance", "fingerprint", "receiver", "generator")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202eevil\x00\x1b[31m\nline",
    "x " * 5000,
]
NO_LINKS = [
    "javascript:alert(1)", "data:text/html,x", "//evil.example/x", "\\\\evil.example", "/\\evil.example",
    "https://user:secret@evil.example", "http:///x", "docs/x.md", "ht\ntp://x", "https://[", "",
]  # fmt: skip


def test_hostile_texts_stay_texts(admin: Person, pages: httpx2.Client, watchers: Watchers) -> None:
    watchers.alerts += [alert(given, given, given, "javascript:alert(1)") for given in HOSTILE]
    watchers.values[queries.OBJECTIVE] = {given[:200]: 0.99 for given in HOSTILE}
    report = fresh(admin, watchers)
    assert len(report["alerts"]["firing"]) == len(report["objectives"]) == len(HOSTILE)
    for found in report["alerts"]["firing"]:
        assert (found["severity"], found["runbook"]) == ("other", None)
        assert len(found["name"]) <= 80
        assert len(found["summary"]) <= 300
        assert all(character.isprintable() for character in found["summary"])
    page = shown(pages)
    assert page.text.count(HOSTILE[0]) == 3


def test_other_links_are_none(admin: Person, watchers: Watchers) -> None:
    watchers.alerts += [alert("A", "critical", runbook=link) for link in NO_LINKS]
    found = fresh(admin, watchers)["alerts"]["firing"]
    assert [alert["runbook"] for alert in found] == [None] * len(NO_LINKS)


def test_ids_and_secrets_in_texts_are_removed_and_labels_are_not_told(
    admin: Person, pages: httpx2.Client, watchers: Watchers
) -> None:
    secrets = [
        "canary@example.com",
        "00000000-1111-2222-3333-444444444444",
        "0123456789abcdef0123456789abcdef",
        "password=canary",
        "access_token=canary",
        "db_password=canary",
        "client_secret: canary",
        "X-Api-Key: canary",
        "s3_secret_key=canary",
        "Bearer canary.x",
        "bearer token: canary",
        "basic Y2FuYXJ5OmNhbmFyeQ==",
        "Authorization: Bearer canary",
        "http://canary:canary@db/",
        "canary" * 10,
    ]
    watchers.alerts.append(alert("Many", "critical", " ".join(secrets)))
    report = fresh(admin, watchers)
    assert report["alerts"]["firing"][0]["summary"].count("[removed]") == len(secrets)
    for text in (str(report), shown(pages).text):
        assert not [word for word in (*FOREIGN, "444444", "abcdef", "Y2Fu") if word in text]


def test_words_that_only_sound_secret_stay(admin: Person, watchers: Watchers) -> None:
    told = "assistant.llm.tokens: 2 million. A basic check of Basic Authentication failed."
    watchers.alerts.append(alert("Many", "critical", told))
    assert fresh(admin, watchers)["alerts"]["firing"][0]["summary"] == told
