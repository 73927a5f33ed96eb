from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from preprod.settings import Settings, SettingsError, load

_DOMAIN = r"String should match pattern '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$'"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"http_prot": 1}, "unknown setting 'http_prot': did you mean 'http_port'? (docs/settings.md lists them)"),
    ({"zzzzqq": 1}, "unknown setting 'zzzzqq' (docs/settings.md lists them)"),
    ({"http_port": "x"}, "setting 'http_port' is 'x', but: Input should be a valid integer"),
    ({"http_port": "8080"}, "setting 'http_port' is '8080', but: Input should be a valid integer"),
    ({"http_port": True}, "setting 'http_port' is True, but: Input should be a valid integer"),
    ({"http_port": 8080.0}, "setting 'http_port' is 8080.0, but: Input should be a valid integer"),
    ({"trace_sample_ratio": True}, "setting 'trace_sample_ratio' is True, but: Input should be a valid number"),
    ({"http_port": 0}, "setting 'http_port' is 0, but: Input should be greater than or equal to 1"),
    ({"http_port": 65536}, "setting 'http_port' is 65536, but: Input should be less than or equal to 65535"),
    ({"db_pool_size": None}, "setting 'db_pool_size' is None, but: Input should be a valid integer"),
    ({"firewall": "yes"}, "setting 'firewall' is 'yes', but: Input should be a valid boolean"),
    ({"firewall": 1}, "setting 'firewall' is 1, but: Input should be a valid boolean"),
    ({"environment": 5}, "setting 'environment' is 5, but: Input should be a valid string"),
    ({"domain": "Example.org"}, f"setting 'domain' is 'Example.org', but: {_DOMAIN}"),
    ({"domain": "localhost"}, f"setting 'domain' is 'localhost', but: {_DOMAIN}"),
    ({"domain": "a.org {\n"}, f"setting 'domain' is 'a.org {{\\n', but: {_DOMAIN}"),
    (
        {"image_source": "pip"},
        "setting 'image_source' is 'pip', but: Input should be 'registry', 'archives' or 'packages'",
    ),
    ({"app_secrets": "smtp"}, "setting 'app_secrets' is 'smtp', but: Input should be a valid array"),
    (
        {"app_secrets": ["../x"]},
        "setting 'app_secrets.0' is '../x', but: String should match pattern '^[a-z][a-z0-9_]{0,62}$'",
    ),
    (
        {"firewall_allow": [{"source": "10.0.0.1/8"}]},
        "setting 'firewall_allow.0.source' is '10.0.0.1/8', but: value is not a valid IPv4 or IPv6 network",
    ),
    (
        {"firewall_allow": [{"source": "10.0.0.0/8", "ports": [0]}]},
        "setting 'firewall_allow.0.ports.0' is 0, but: Input should be greater than or equal to 1",
    ),
    (
        {"firewall_allow": [{"source": "10.0.0.0/8", "ports": [True]}]},
        "setting 'firewall_allow.0.ports.0' is True, but: Input should be a valid integer",
    ),
    (
        {"firewall_allow": [{"source": "10.0.0.0/8", "port": 80}]},
        "unknown setting 'firewall_allow.0.port' (docs/settings.md lists them)",
    ),
    ({"docker_daemon": []}, "setting 'docker_daemon' is [], but: Input should be an object"),
    (
        {"secret_generation": {"app_db_password": 0}},
        "setting 'secret_generation.app_db_password' is 0, but: Input should be greater than or equal to 1",
    ),
    (
        {"docker_packages_key": "abc"},
        "setting 'docker_packages_key' is 'abc', but: String should match pattern '^[0-9A-F]{40}$'",
    ),
    (
        {"image_source": "archives"},
        "image_source = 'archives' needs image_archives: name the directory that holds them",
    ),
    ({"app_image": "acme/app"}, "app_image acme/app has no tag: write acme/app:<version>"),
    (
        {"app_image": "hub.example:5000/app:"},
        "app_image hub.example:5000/app has no tag: write hub.example:5000/app:<version>",
    ),
    (
        {"acme_email": "a@b.org", "acme_directory": "https://ca.example/dir"},
        "acme_email, acme_directory without domain has no effect: set domain, or leave it out",
    ),
]


@pytest.mark.parametrize(("data", "sentence"), REFUSED, ids=lambda value: str(value)[:40])
def test_bad_input_is_refused_in_one_sentence(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(data)
    assert str(refused.value) == sentence


def test_every_bad_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"db_pool_size.*http_port.*unknown setting 'x'"):
        load({"x": 1, "http_port": 0, "db_pool_size": 0})


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"environment": "x" * 10_000})
    assert len(str(refused.value)) < 300


def test_names_of_connectors_and_global_arguments_are_not_settings() -> None:
    assert load({"ssh_user": "root", "_sudo": True, "http_port": 8081}, foreign=["ssh_user"]).http_port == 8081


def test_a_foreign_name_is_still_unknown_where_it_was_not_announced() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'ssh_user'"):
        load({"ssh_user": "root"})


def test_what_python_can_say_in_several_ways_may_be_said_in_any() -> None:
    rule = {"source": ip_network("10.0.0.0/8"), "ports": (80,)}
    same = load({"firewall_allow": [rule], "app_secrets": ("a",), "trace_sample_ratio": 1})
    assert same == load(
        {
            "firewall_allow": ({"source": "10.0.0.0/8", "ports": [80]},),
            "app_secrets": ["a"],
            "trace_sample_ratio": 1.0,
        }
    )


DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("docker.io/acme/app:1", "acme/app:1"),
        ("index.docker.io/acme/app:1", "acme/app:1"),
        ("docker.io/library/app:1", "app:1"),
        ("docker.io/app:1", "app:1"),
        ("library/app:1", "app:1"),
        ("library/acme/app:1", "library/acme/app:1"),
        ("hub.example:5000/library/app:1", "hub.example:5000/library/app:1"),
        (f"docker.io/acme/app@{DIGEST}", f"acme/app@{DIGEST}"),
    ],
)
def test_the_app_is_known_by_the_name_that_the_engine_gives_it(given: str, known: str) -> None:
    assert load({"app_image": given}).app_image == known


def test_the_defaults_satisfy_the_model() -> None:
    assert load({}) == Settings()
    assert load({}).http_port == 8080
