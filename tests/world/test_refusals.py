"""Bad input: one clear sentence, a non-zero exit, and nothing touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import differences
from package import ON_ONE, Package

pytestmark = ON_ONE

REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown setting", {"htp_port": 80}, "unknown setting 'htp_port': did you mean 'http_port'?"),
    ("wrong type", {"http_port": "high"}, "setting 'http_port' is 'high', but: "),
    ("disk too small", {"disk_free_min_gb": 1e6}, "1e+06 GB are needed"),
    ("port taken", {"http_port": 22}, "port 22 is taken by another program"),
    ("secret not supplied", {"app_secrets": ["smtp_password"]}, "secret smtp_password is needed and not supplied"),
    ("no such archives", {"image_archives": "/nowhere"}, "image_archives /nowhere is no directory"),
]


@pytest.mark.parametrize(("data", "sentence"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_it_is_refused_and_nothing_is_touched(clean: Package, data: dict[str, Any], sentence: str) -> None:
    before = clean.world.snapshot(["/srv", "/etc", "/usr/local"])
    refused = clean.deploy(**data)
    assert refused.code == 1
    assert sentence in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr
    assert differences(before, clean.world.snapshot(["/srv", "/etc", "/usr/local"])) == {}


def test_all_missing_images_are_listed_at_once(clean: Package, tmp_path: Path) -> None:
    refused = clean.deploy(image_archives=str(tmp_path), image_mirror="mirror.invalid", packages_date="2000-01-01")
    assert refused.code == 1
    for component in ("postgres", "api", "caddy"):
        assert f"{component} (" in refused.stderr, refused.stderr
    assert "docker save" in refused.stderr
