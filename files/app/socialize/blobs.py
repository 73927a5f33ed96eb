"""Blob storage: bytes by key, in a directory or in an S3-compatible service."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread

from socialize.outbound import ClientSignals, failure_class
from socialize.settings import Settings
from socialize.signals import BLOB_FAILURES

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 10
ATTEMPTS = 2
THREADS = 8


class BlobError(Exception):
    """The storage failed. The text is fixed: the storage's own may hold addresses and keys."""

    dependency = "blob_store"

    def __init__(self, message: str, error_type: str = "_OTHER") -> None:
        """
        Args:
            message: a sentence that may be shown to clients.
            error_type: "connection", "timeout", "denied", "full" or "_OTHER".
        """
        super().__init__(message)
        self.error_type = error_type


class BlobNotFound(BlobError):
    """There is no blob under that key; that is not a failure of the storage."""


_ERRNO = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "denied",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}
# Codes of S3 and of services that speak its protocol.
_CODES = {
    "AccessDenied": "denied",
    "InvalidAccessKeyId": "denied",
    "SignatureDoesNotMatch": "denied",
    "403": "denied",
    "QuotaExceeded": "full",
    "XMinioStorageFull": "full",
    "507": "full",
}


def _of_directory(error: OSError, verb: str) -> BlobError:
    return BlobError(f"the storage directory cannot be {verb}", _ERRNO.get(error.errno or 0, "_OTHER"))


class Store(Protocol):
    """What a kind of storage can do; every method blocks and raises `BlobError`."""

    def put(self, key: str, content: bytes) -> None:
        """Keep the content whole or not at all."""

    def get(self, key: str) -> bytes:
        """The content; `BlobNotFound` when there is none."""

    def delete(self, key: str) -> None:
        """Remove the content, if there is any."""

    def check(self) -> str:
        """A sentence that says that the storage works."""


class DirectoryStore:
    """Blobs as files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, key: str, content: bytes) -> None:
        try:
            with tempfile.NamedTemporaryFile(dir=self._directory, prefix=".", delete=False) as file:
                self._replace(Path(file.name), self._directory / key, file, content)
        except OSError as error:
            raise _of_directory(error, "written") from error

    @staticmethod
    def _replace(temporary: Path, target: Path, file: Any, content: bytes) -> None:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise

    def get(self, key: str) -> bytes:
        try:
            return (self._directory / key).read_bytes()
        except FileNotFoundError as error:
            raise BlobNotFound("there is no such blob") from error
        except OSError as error:
            raise _of_directory(error, "read") from error

    def delete(self, key: str) -> None:
        try:
            (self._directory / key).unlink(missing_ok=True)
        except OSError as error:
            raise _of_directory(error, "written") from error

    def check(self) -> str:
        try:
            with tempfile.TemporaryFile(dir=self._directory) as probe:
                probe.write(b"\0")
        except OSError as error:
            raise _of_directory(error, "written") from error
        return "writable"


class S3Store:
    """Blobs as objects of one bucket."""

    def __init__(self, settings: Settings) -> None:
        # Imported here: without S3 nobody shall pay for it, in start time and 30 MiB of memory.
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self._failures = (BotoCoreError, ClientError)
        self._bucket = settings.s3_bucket
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=settings.secrets["s3_access_key_file"].get_secret_value(),
            aws_secret_access_key=settings.secrets["s3_secret_key_file"].get_secret_value(),
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                s3={"addressing_style": "path"},  # What every S3-compatible service understands.
                max_pool_connections=THREADS,
            ),
        )
        ClientSignals(self._client)

    def put(self, key: str, content: bytes) -> None:
        self._call("put_object", Key=key, Body=content)

    def get(self, key: str) -> bytes:
        with self._told():
            content: bytes = self._call("get_object", Key=key)["Body"].read()
        return content

    def delete(self, key: str) -> None:
        self._call("delete_object", Key=key)

    def check(self) -> str:
        self._call("head_bucket")
        return "reachable"

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        with self._told():
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self._bucket, **arguments)
        return answer

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise self._failure(error) from error

    @staticmethod
    def _failure(error: Exception) -> BlobError:
        response = getattr(error, "response", None)
        if response is None:
            kind = "timeout" if failure_class(error) == "timeout" else "connection"
            return BlobError("the storage service failed", kind)
        code = response.get("Error", {}).get("Code", "")
        if code == "NoSuchKey":
            return BlobNotFound("there is no such blob")
        return BlobError("the storage service failed", _CODES.get(code, "_OTHER"))


class Blobs:
    """The storage that the settings name, used off the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = CapacityLimiter(THREADS)

    async def put(self, key: str, content: bytes) -> None:
        """Keep the content under the key."""
        await self._run("put", lambda: self._store.put(key, content))

    async def get(self, key: str) -> bytes:
        """The content under the key; `BlobNotFound` when there is none."""
        return await self._run("get", lambda: self._store.get(key))

    async def delete(self, key: str) -> None:
        """Remove what is under the key, if there is anything."""
        await self._run("delete", lambda: self._store.delete(key))

    async def check(self) -> str:
        """A sentence that says that the storage works; `BlobError` when it does not."""
        return await self._run("check", self._store.check)

    async def _run(self, operation: str, work: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        except BlobNotFound:
            raise
        except BlobError as error:
            BLOB_FAILURES.add(operation, error.error_type)
            raise


def open_blobs(settings: Settings) -> Blobs | None:
    """The storage that the settings name, or None when they name none; nothing is connected to."""
    if settings.s3_bucket:
        return Blobs(S3Store(settings))
    return Blobs(DirectoryStore(settings.blob_path)) if settings.blob_path else None
