"""HTTPS of a public domain. That its certificate is verified is true of every request in the other files."""

from __future__ import annotations

import pytest

from verify.nouns.api import Api
from verify.nouns.deployment import Deployment

pytestmark = pytest.mark.needs("domain")


def test_http_redirects_to_https(api: Api, deployment: Deployment) -> None:
    answer = api.get(f"http://{deployment.domain}/health/live?probe=1")
    location = answer.headers.get("Location")
    assert answer.status_code in (301, 308), f"http://{deployment.domain} ({api}) should redirect for good"
    assert location == f"https://{deployment.domain}/health/live?probe=1", f"{api} redirects to another place"


def test_browsers_are_told_to_stay_with_https(api: Api) -> None:
    answer = api.get("/health/live")
    assert "max-age=" in answer.headers.get("Strict-Transport-Security", ""), f"{api} should send HSTS"
