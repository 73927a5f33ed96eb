from __future__ import annotations

import re

from preprod.notifications import NotificationSettings
from preprod.observability import ObservabilitySettings
from preprod.render import settings_page
from preprod.settings import Settings


def test_the_committed_page_is_fresh() -> None:
    assert settings_page.main(["--check"]) is None


def test_a_stale_page_is_told_in_a_sentence(monkeypatch, tmp_path) -> None:
    stale = tmp_path / "settings.md"
    monkeypatch.setattr(settings_page, "PAGE", stale)
    sentence = "settings.md is stale: run python -m preprod.render.settings_page and commit the page"
    assert settings_page.main(["--check"]) == sentence
    settings_page.main([])
    assert settings_page.main(["--check"]) is None
    stale.write_text(stale.read_text() + "\n")
    assert settings_page.main(["--check"]) == sentence


def test_every_setting_has_its_entry_in_the_order_of_the_models() -> None:
    overlay = list(ObservabilitySettings.model_fields)
    sent = [name for name in NotificationSettings.model_fields if name not in overlay]
    base = [name for name in Settings.model_fields if name not in {*overlay, *sent}]
    assert re.findall(r"^### `(\w+)`$", settings_page.page(), re.MULTILINE) == [*base, *overlay, *sent]


def test_the_sections_are_those_of_the_model() -> None:
    sections = re.findall(r"^## (.+)$", settings_page.page(), re.MULTILINE)
    assert sections == [
        "The app",
        "The way in",
        "The engine",
        "Images",
        "The firewall",
        "Secrets",
        "Observability",
        "Notifications",
    ]


def test_types_bounds_and_defaults_are_in_plain_words() -> None:
    page = settings_page.page()
    assert "### `http_port`\n\nWhole number, at least 1, at most 65535. Default: `8080`" in page
    assert "### `firewall`\n\n`True` or `False`. Default: `False`" in page
    assert "One of `'registry'`, `'archives'`, `'packages'`. Default: `'registry'`" in page
    assert "`source`, IPv4 or IPv6 network (Network in CIDR notation)" in page
    assert "Mapping of names to: whole number, at least 1. Default: `{}`" in page
