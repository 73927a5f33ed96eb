"""An S3-compatible service on this machine, with one bucket."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from postgres import free_port


@dataclass
class Bucket:
    """A bucket, a client of it, and the settings of an app that uses it."""

    name: str
    client: Any
    server: Any
    env: dict[str, str]

    def objects(self) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            entry["Key"]: self.client.get_object(Bucket=self.name, Key=entry["Key"])["Body"].read()
            for entry in listed
        }


@contextmanager
def storing(directory: Path) -> Iterator[Bucket]:
    """A bucket whose service runs."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    endpoint, name = f"http://127.0.0.1:{port}", f"bucket-{uuid.uuid4().hex}"
    (directory / "s3-access").write_text("canary-access-key")
    (directory / "s3-secret").write_text("canary-secret-key")
    keys = {"aws_access_key_id": "canary-access-key", "aws_secret_access_key": "canary-secret-key"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    client.create_bucket(Bucket=name)
    env = {
        "SOCIALIZE_S3_ENDPOINT": endpoint,
        "SOCIALIZE_S3_BUCKET": name,
        "SOCIALIZE_S3_ACCESS_KEY_FILE": str(directory / "s3-access"),
        "SOCIALIZE_S3_SECRET_KEY_FILE": str(directory / "s3-secret"),
    }
    try:
        yield Bucket(name, client, server, env)
    finally:
        client.close()
        server.stop()
