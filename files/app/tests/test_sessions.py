"""Log-in and what becomes of sessions."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from client import PASSWORD, Person, new_email
from postgres import Postgres


def digest(person: Person) -> bytes:
    return hashlib.sha256(person.token.encode()).digest()


def test_unknown_address_and_wrong_password_get_the_same_answer(person: Person) -> None:
    wrong = person.log_in(password="wrong-password-1")  # noqa: S106
    unknown = person.log_in(email=new_email())
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["error"] == unknown.json()["error"]


def test_unknown_address_and_wrong_password_take_about_as_long(person: Person) -> None:
    def seconds(email: str) -> float:
        started = time.perf_counter()
        person.log_in(email=email, password="wrong-password-1")  # noqa: S106
        return time.perf_counter() - started

    # The shortest of several: what else the machine does can only add.
    pairs = [(seconds(new_email()), seconds(person.email)) for _ in range(12)]
    unknown, wrong = (min(column) for column in zip(*pairs, strict=True))
    assert 0.6 < unknown / wrong < 1.6


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_an_address_is_registered_once_whatever_its_case(
    person: Person, change: Callable[[str], str]
) -> None:
    body = {"email": change(person.email), "password": PASSWORD, "display_name": "Again"}
    answer = person.http.post("/api/auth/register", json=body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert person.log_in(email=person.email.upper()).status_code == 200


def test_logging_out_ends_that_session_alone(person: Person) -> None:
    other = person.log_in().json()["token"]
    assert person.http.post("/api/auth/logout").status_code == 204
    assert person.http.get("/api/me").status_code == 401
    person.http.headers["Authorization"] = f"Bearer {other}"
    assert person.http.get("/api/me").status_code == 200


def test_a_session_lasts_as_long_as_set(person: Person) -> None:
    answer = person.log_in()
    left = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=167, minutes=59) < left <= timedelta(hours=168)
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_expired_session_is_refused_and_cleared_at_the_next_log_in(
    person: Person, postgres: Postgres, shared_database: str
) -> None:
    with postgres.connect(shared_database) as database:
        database.execute(
            "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE token_sha256 = %s",
            [digest(person)],
        )
        assert person.http.get("/api/me").status_code == 401
        person.log_in()
        stale = database.execute(
            "SELECT 1 FROM sessions WHERE token_sha256 = %s", [digest(person)]
        ).fetchall()
    assert stale == []


def test_the_database_holds_no_password_and_no_token(
    person: Person, postgres: Postgres, shared_database: str
) -> None:
    with postgres.connect(shared_database) as database:
        users = database.execute("SELECT u::text, password_hash FROM users u").fetchall()
        sessions = database.execute("SELECT s::text FROM sessions s").fetchall()
        assert database.execute("SELECT 1 FROM sessions WHERE token_sha256 = %s", [digest(person)]).fetchall()
    assert PASSWORD not in str(users)
    assert person.token not in str(sessions)
    assert all(password_hash.startswith("$argon2id$") for _, password_hash in users)


def test_an_old_password_hash_is_renewed_at_log_in(
    person: Person, postgres: Postgres, shared_database: str
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with postgres.connect(shared_database) as database:
        database.execute("UPDATE users SET password_hash = %s WHERE email = %s", [old, person.email])
        assert person.log_in().status_code == 200
        kept = database.execute("SELECT password_hash FROM users WHERE email = %s", [person.email]).fetchone()
    assert kept
    assert "m=19456,t=2,p=1" in kept[0]
    assert person.log_in().status_code == 200
