"""Uploads, into a directory and into an S3-compatible service."""

import asyncio
import concurrent.futures
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from bucket import Bucket, storing
from client import ATTACHMENT, Person
from postgres import Postgres
from program import Server, eventually, serving

from socialize.blobs import BlobError, open_blobs
from socialize.settings import load_settings

CONTENT = bytes(range(256)) * 400


@dataclass
class Storage:
    """A kind of blob storage: its settings, what is in it, and how to break it."""

    env: dict[str, str]
    contents: Callable[[], list[bytes]]
    break_it: Callable[[], None]
    failure: str


@pytest.fixture
def in_directory(tmp_path: Path) -> Storage:
    blobs = tmp_path / "blobs"
    blobs.mkdir()

    def gone() -> None:
        blobs.rename(tmp_path / "moved")

    return Storage(
        {"SOCIALIZE_BLOB_PATH": str(blobs)},
        lambda: [path.read_bytes() for path in blobs.iterdir()],
        gone,
        "the storage directory cannot be written",
    )


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    with storing(tmp_path) as bucket:
        yield bucket


@pytest.fixture
def in_bucket(bucket: Bucket) -> Storage:
    return Storage(
        bucket.env, lambda: list(bucket.objects().values()), bucket.server.stop, "the storage service failed"
    )


@pytest.fixture(params=["in_directory", "in_bucket"])
def storage(request: pytest.FixtureRequest) -> Storage:
    kind: Storage = request.getfixturevalue(request.param)
    return kind


@pytest.fixture
def stored(directory: Path, env: dict[str, str], storage: Storage) -> Iterator[Server]:
    with serving(directory, env | storage.env) as server:
        yield server


def upload(person: Person, content: bytes = CONTENT, name: str = "plan.pdf") -> httpx2.Response:
    path = f"/api/workspaces/{person.workspace(person.organization())}/uploads"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return person.http.post(path, content=content, headers=headers)


def test_a_file_comes_back_as_it_was(stored: Server, storage: Storage) -> None:
    person = Person(stored)
    answer = upload(person, name="Pläne 2.pdf")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["name"], shown["size_bytes"]) == ("Pläne 2.pdf", len(CONTENT))
    assert storage.contents() == [CONTENT]
    back = person.http.get(f"/api/uploads/{shown['id']}")
    assert (back.status_code, back.content) == (200, CONTENT)
    assert back.headers["Content-Type"] == "application/octet-stream"
    assert back.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Pl%C3%A4ne%202.pdf"
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert Person(stored).http.get(f"/api/uploads/{shown['id']}").status_code == 404


def test_a_broken_storage_is_503_and_not_ready(
    stored: Server, storage: Storage, postgres: Postgres, database: str
) -> None:
    person = Person(stored)
    path = f"/api/uploads/{upload(person).json()['id']}"
    report = stored.http.get("/health/ready").json()
    assert report["checks"]["blob_storage"]["state"] == "ok"
    storage.break_it()
    answer = upload(person)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert person.http.get(path).status_code == 503 or "SOCIALIZE_BLOB_PATH" in storage.env
    eventually(lambda: stored.http.get("/health/ready").status_code == 503, "not ready")
    assert stored.http.get("/health/ready").json()["checks"]["blob_storage"]["detail"] == storage.failure
    with postgres.connect(database) as connection:
        assert len(connection.execute("SELECT 1 FROM uploads").fetchall()) == 1
    assert "canary" not in stored.output()


class BreaksOff(BaseHTTPRequestHandler):
    """A storage service that promises more than it sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"short")

    def log_message(self, *_: object) -> None:
        return


def test_a_content_that_breaks_off_is_a_failure_of_the_storage(
    in_bucket: Storage, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with HTTPServer(("127.0.0.1", 0), BreaksOff) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        here = {"SOCIALIZE_S3_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        for name, value in (env | in_bucket.env | here).items():
            monkeypatch.setenv(name, value)
        blobs = open_blobs(load_settings())
        assert blobs
        with pytest.raises(BlobError) as failure:
            asyncio.run(blobs.get("x"))
    assert failure.value.error_type == "connection"


def test_a_file_that_the_database_does_not_know_does_not_stay(
    stored: Server, storage: Storage, postgres: Postgres, database: str
) -> None:
    person = Person(stored)
    with postgres.connect(database) as connection:
        connection.execute("ALTER TABLE uploads ADD CONSTRAINT never CHECK (size_bytes < 0)")
    assert upload(person).status_code == 500
    assert storage.contents() == []


def test_an_upload_that_breaks_off_leaves_nothing(
    stored: Server, storage: Storage, postgres: Postgres, database: str
) -> None:
    person = Person(stored)
    path = f"/api/workspaces/{person.workspace(person.organization())}/uploads"
    line = stored.breaks_off(path, ATTACHMENT | {"Authorization": person.http.headers["Authorization"]})
    assert (line["status"], line["level"]) == (499, "info")
    assert not [other for other in stored.lines() if other["level"] == "error"]
    assert storage.contents() == []
    with postgres.connect(database) as connection:
        assert connection.execute("SELECT 1 FROM uploads").fetchall() == []
        query = "SELECT DISTINCT state FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        assert connection.execute(query, [database]).fetchall() == [("idle",)]


def test_the_limit_of_uploads_is_their_own(
    directory: Path, env: dict[str, str], in_directory: Storage
) -> None:
    settings = env | in_directory.env | {"SOCIALIZE_UPLOAD_MAX_BYTES": str(2 * 1024**2)}
    with serving(directory, settings) as server:
        person = Person(server)
        content = os.urandom(2 * 1024**2)
        path = f"/api/uploads/{upload(person, content).json()['id']}"
        assert hashlib.sha256(person.http.get(path).content).digest() == hashlib.sha256(content).digest()
        answer = upload(person, content + b"x")
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
        assert len(in_directory.contents()) == 1


@pytest.mark.parametrize(
    "header",
    ["attachment", "attachment; filename=", "attachment; filename*=UTF-8''%00", "x; filename=" + "a" * 201],
)
def test_a_file_needs_a_name(
    directory: Path, env: dict[str, str], in_directory: Storage, person: Person, header: str
) -> None:
    with serving(directory, env | in_directory.env) as server:
        owner = Person(server)
        path = f"/api/workspaces/{owner.workspace(owner.organization())}/uploads"
        answer = owner.http.post(path, content=b"x", headers={"Content-Disposition": header})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "validation_failed")
        assert owner.http.post(path, content=b"x").status_code == 422


def test_without_storage_uploads_are_503_with_a_code_of_their_own(person: Person) -> None:
    answer = upload(person)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "blob_storage_not_configured")
    assert "blob_storage" not in person.http.get("/health/ready").json()["checks"]


def test_many_transfers_at_once_are_refused_not_hoarded(
    directory: Path, env: dict[str, str], in_directory: Storage
) -> None:
    with (
        serving(directory, env | in_directory.env) as server,
        concurrent.futures.ThreadPoolExecutor(9) as pool,
    ):
        person = Person(server)
        path = f"/api/workspaces/{person.workspace(person.organization())}/uploads"
        headers = {"Content-Disposition": "attachment; filename=x"} | dict(person.http.headers)
        refused = concurrent.futures.Future[None]()

        def slowly() -> Iterator[bytes]:
            yield b"x"
            refused.result(20)

        def send() -> int:
            return server.client().post(path, content=slowly(), headers=headers).status_code

        slow = [pool.submit(send) for _ in range(8)]

        def another() -> bool:
            answer = person.http.post(path, content=b"x", headers=headers)
            return answer.status_code == 503 and answer.headers["Retry-After"] == "5"

        eventually(another, "another transfer is refused")
        refused.set_result(None)
        assert [future.result() for future in slow] == [201] * 8
        assert person.http.post(path, content=b"x", headers=headers).status_code == 201
