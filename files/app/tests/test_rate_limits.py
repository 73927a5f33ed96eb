"""Log-in is limited, by address of the account and by address of the client."""

from pathlib import Path

from client import PASSWORD, Person, new_email
from postgres import Postgres
from program import Server, eventually, serving

LIMITS = {
    "SOCIALIZE_LOGIN_LIMIT_PER_EMAIL": "3",
    "SOCIALIZE_LOGIN_LIMIT_PER_CLIENT": "5",
    "SOCIALIZE_LOGIN_LIMIT_WINDOW_SECONDS": "900",
    "SOCIALIZE_FORWARDED_HOPS": "1",
}
WRONG = "wrong-password-1"


def from_client(server: Server, address: str, email: str, password: str = WRONG) -> tuple[int, str | None]:
    headers = {"X-Forwarded-For": f"198.51.100.1, {address}"}
    body = {"email": email, "password": password}
    answer = server.http.post("/api/auth/login", json=body, headers=headers)
    return answer.status_code, answer.headers.get("Retry-After")


def test_attempts_on_one_account_are_limited_wherever_they_come_from(
    directory: Path, env: dict[str, str]
) -> None:
    with serving(directory, env | LIMITS) as server:
        person = Person(server)
        for n in range(3):
            assert from_client(server, f"192.0.2.{n}", person.email.upper()) == (401, None)
        status, wait = from_client(server, "192.0.2.9", person.email, PASSWORD)
        assert status == 429
        assert wait
        assert 290 <= int(wait) <= 300  # A third of the window: then the oldest attempt is forgotten.
        assert from_client(server, "192.0.2.9", new_email()) == (401, None)


def test_attempts_of_one_client_are_limited_whatever_the_account(
    directory: Path, env: dict[str, str]
) -> None:
    with serving(directory, env | LIMITS) as server:
        for n in range(5):  # One network of a provider is one client.
            assert from_client(server, f"2001:db8:1:2::{n}", new_email())[0] == 401
        status, wait = from_client(server, "2001:db8:1:2::99", new_email())
        assert status == 429
        assert wait
        assert 170 <= int(wait) <= 180
        assert from_client(server, "2001:db8:1:3::1", new_email())[0] == 401
        assert from_client(server, "not-an-address", new_email())[0] == 401


def test_successful_log_ins_cost_nothing(directory: Path, env: dict[str, str]) -> None:
    with serving(directory, env | LIMITS) as server:
        person = Person(server)
        for _ in range(8):
            assert from_client(server, "192.0.2.1", person.email, PASSWORD)[0] == 200


def test_the_limit_holds_for_all_processes_and_ends_by_itself(
    directory: Path, env: dict[str, str], postgres: Postgres, database: str
) -> None:
    short = env | LIMITS | {"SOCIALIZE_LOGIN_LIMIT_WINDOW_SECONDS": "3"}
    with serving(directory, short) as first, serving(directory, short) as second:
        email = new_email()
        statuses = [from_client(server, "192.0.2.1", email)[0] for server in (first, second) * 3]
        assert statuses[:3] == [401, 401, 401]
        assert 429 in statuses[3:]
        eventually(lambda: from_client(first, "192.0.2.1", email)[0] == 401, "the limit ends")
    with postgres.connect(database) as connection:
        rows = str(connection.execute("SELECT r::text FROM rate_limits r").fetchall())
    assert email not in rows
    assert "192.0.2.1" not in rows
