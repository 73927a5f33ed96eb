"""Grafana: what it is told, and what is done about accounts. Itself it does not run here: see docs/operations.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from preprod.facts.grafana import GrafanaPeople, People, Person
from preprod.observability import USUAL, ComponentName
from preprod.operations import grafana as operations
from preprod.secrets import wanted
from preprod.settings import Settings, SettingsError
from unit import fakehost
from unit.given import bundle, settings

SCHEMA = json.loads(Path(__file__).with_name("grafana_provisioning.schema.json").read_text())
WITHOUT_TRACES = tuple(name for name in USUAL if name != "tempo")
SMALL: tuple[ComponentName, ...] = ("prometheus", "grafana")
LONG: tuple[ComponentName, ...] = (*USUAL, "longterm")
SETS = pytest.mark.parametrize(
    "components", [USUAL, LONG, WITHOUT_TRACES, SMALL], ids=["usual", "long", "logs", "small"]
)


def watched(components: tuple[ComponentName, ...] = USUAL, **changes: Any) -> Settings:
    return settings(observability=True, observability_components=components, **changes)


def parsed(of: Settings, path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(bundle(of)[path].text)
    return found


def sources(of: Settings) -> dict[str, dict[str, Any]]:
    return {one["uid"]: one for one in parsed(of, "grafana/datasources/preprod.yaml")["datasources"]}


def service(of: Settings) -> dict[str, Any]:
    found: dict[str, Any] = parsed(of, "compose.observability.yaml")["services"]["grafana"]
    return found


@SETS
def test_provisioning_holds_what_grafana_documents(components: tuple[ComponentName, ...]) -> None:
    of = watched(components)
    for path in ("grafana/datasources/preprod.yaml", "grafana/providers/preprod.yaml"):
        jsonschema.validate(parsed(of, path), SCHEMA)


def test_the_schema_refuses_what_grafana_would_silently_ignore_or_replace() -> None:
    written = bundle(watched())["grafana/datasources/preprod.yaml"].text
    for right, wrong in (("matcherRegex", "regex"), ("tracesToLogsV2", "traceToLogs"), ("$${__value", "${__value")):
        assert right in written
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(written.replace(right, wrong)), SCHEMA)


@SETS
def test_there_is_a_data_source_for_each_store_that_runs_and_no_link_to_one_that_does_not(
    components: tuple[ComponentName, ...],
) -> None:
    found = sources(watched(components))
    stores = {"prometheus", "longterm", "alertmanager", "loki", "tempo"}
    assert found.keys() == stores & set(components)
    linked = set(re.findall(r"'(?:datasourceUid|alertmanagerUid)': '(\w+)'", str(found)))
    assert linked <= found.keys()
    assert [uid for uid, one in found.items() if one.get("isDefault")] == ["prometheus"]
    for uid, one in found.items():
        assert one["url"].startswith(f"http://{uid}:")


def test_signals_lead_to_each_other() -> None:
    found = sources(watched())
    exemplars = found["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert {one["name"]: one["datasourceUid"] for one in exemplars} == {"trace_id": "tempo", "traceID": "tempo"}
    assert found["loki"]["jsonData"]["derivedFields"][0]["datasourceUid"] == "tempo"
    tempo = found["tempo"]["jsonData"]
    assert tempo["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert tempo["tracesToMetrics"]["datasourceUid"] == tempo["serviceMap"]["datasourceUid"] == "prometheus"


def test_steps_are_as_long_as_the_time_between_scrapes() -> None:
    assert sources(watched(scrape_interval=10))["prometheus"]["jsonData"]["timeInterval"] == "10s"


def test_dashboards_come_from_the_directory_that_is_mounted() -> None:
    (provider,) = parsed(watched(), "grafana/providers/preprod.yaml")["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in service(watched())["volumes"]
    assert provider["allowUiUpdates"] is False
    assert provider["disableDeletion"] is True


@pytest.mark.parametrize(
    ("changes", "url", "sub_path", "secure"),
    [
        ({}, "http://127.0.0.1:8080/grafana/", "true", "false"),
        ({"public_url": "https://demo.example.org"}, "https://demo.example.org/grafana/", "true", "true"),
        ({"domain": "a.example.org"}, "https://a.example.org/grafana/", "true", "true"),
        ({"domain": "a.example.org", "grafana_domain": "g.example.org"}, "https://g.example.org/", "false", "true"),
    ],
)
def test_grafana_knows_where_it_is(changes: dict[str, str], url: str, sub_path: str, secure: str) -> None:
    told = service(watched(**changes))["environment"]
    assert told["GF_SERVER_ROOT_URL"] == url
    assert told["GF_SERVER_SERVE_FROM_SUB_PATH"] == sub_path
    assert told["GF_SECURITY_COOKIE_SECURE"] == secure


def test_nobody_is_let_in_and_nothing_calls_home() -> None:
    told = service(watched())["environment"]
    off = ("AUTH_ANONYMOUS_ENABLED", "USERS_ALLOW_SIGN_UP", "USERS_ALLOW_ORG_CREATE", "PUBLIC_DASHBOARDS_ENABLED")
    home = (
        "PLUGINS_PREINSTALL_AUTO_UPDATE",
        "PLUGINS_PLUGIN_ADMIN_ENABLED",
        "NEWS_NEWS_FEED_ENABLED",
        "ANALYTICS_REPORTING_ENABLED",
        "ANALYTICS_CHECK_FOR_UPDATES",
        "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "SNAPSHOTS_EXTERNAL_ENABLED",
    )
    assert {told[f"GF_{name}"] for name in (*off, *home)} == {"false"}
    assert told["GF_PLUGINS_PREINSTALL_DISABLED"] == told["GF_SECURITY_DISABLE_GRAVATAR"] == "true"


def test_secrets_come_from_files_that_grafana_alone_reads() -> None:
    of = watched(grafana_users={"ada": "ops", "bob": "viewer"})
    mine = {secret.name: secret.readers for secret in wanted(of) if "grafana" in secret.readers}
    names = ["grafana_admin_password", "grafana_secret_key", "grafana_user_ada", "grafana_user_bob"]
    assert mine == dict.fromkeys(names, ("grafana",))
    told = service(of)["environment"]
    files = {name: value for name, value in told.items() if name.endswith("__FILE")}
    assert set(files.values()) == {f"/run/secrets/{name}" for name in names[:2]}
    assert not [name for name in told if name.removesuffix("__FILE") + "__FILE" in files and name not in files]


@pytest.mark.parametrize("of", [settings(), watched(("prometheus",))], ids=["off", "left out"])
def test_without_grafana_there_is_nothing_of_it(of: Settings) -> None:
    assert not [secret for secret in wanted(of) if secret.name.startswith("grafana")]
    assert not [path for path in bundle(of) if path.startswith("grafana/")]


def test_the_administrator_is_not_one_of_the_people() -> None:
    with pytest.raises(SettingsError, match="grafana_users names admin, whom Grafana has already"):
        wanted(watched(grafana_users={"admin": "viewer"}))


def answer(*people: tuple[int, str, str], status: int = 200) -> str:
    listed = [{"orgId": 1, "userId": number, "login": login, "role": role} for number, login, role in people]
    return f"{status}\n{json.dumps(listed)}"


ADMIN = (1, "admin", "Admin")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], People()),
        (["0"], People(0)),
        (["401", '{"message":"Invalid username or password"}'], People(401)),
        (answer(ADMIN, (2, "ada", "Editor")).splitlines(), None),
    ],
    ids=["not there", "no answer", "refused", "people"],
)
def test_the_fact_reads_grafanas_answer(lines: list[str], found: People | None) -> None:
    expected = found or People(200, {"admin": Person(1, "Admin"), "ada": Person(2, "Editor")})
    assert GrafanaPeople().process(lines) == expected


ROLES = {"ada": "Editor", "bob": "Viewer"}


@pytest.mark.parametrize(
    ("people", "done"),
    [
        (answer(ADMIN), [("ada", "Editor"), ("bob", "Viewer")]),
        (answer(ADMIN, (2, "ada", "Viewer")), [("ada", "Editor", "2"), ("bob", "Viewer")]),
        (answer(ADMIN, (2, "ada", "Editor"), (3, "bob", "Viewer"), (4, "eve", "Admin")), []),
    ],
    ids=["nobody", "another role", "all there and a stranger"],
)
def test_accounts_are_made_and_roles_corrected_and_nobody_else_is_touched(people: str, done: list[tuple[str]]) -> None:
    ran = fakehost.run(operations.accounts, {"grafana-people": people}, project="socialize", roles=ROLES)
    changing = [command for command in ran.commands if command.script != "grafana-people"]
    assert {command.script for command in changing} <= {"grafana-person"}
    assert [command.arguments for command in changing] == [("socialize", *one) for one in done]
    assert ran.changes == bool(done)


def test_an_administrator_whom_grafana_refuses_gets_the_password_of_the_secret_first() -> None:
    answers = iter([answer(status=401), answer(status=401), answer(ADMIN, (2, "ada", "Editor"), (3, "bob", "Viewer"))])
    ran = fakehost.run(
        operations.accounts, {"grafana-people": lambda _: next(answers)}, project="socialize", roles=ROLES
    )
    assert ran.changes
    assert ran.scripts() == ["grafana-people", "grafana-admin", "grafana-people"]


def test_a_plan_for_a_grafana_that_is_not_there_yet_names_everybody() -> None:
    answers = iter(["", answer(ADMIN)])
    ran = fakehost.run(
        operations.accounts, {"grafana-people": lambda _: next(answers)}, project="socialize", roles=ROLES
    )
    assert ran.changes
    assert ran.scripts() == ["grafana-people", "grafana-person", "grafana-person"]
    assert not fakehost.run(operations.accounts, project="socialize", roles={}, dry=True).failed


@pytest.mark.parametrize("people", ["", "0", answer(status=503)], ids=["not there", "no answer", "broken"])
@pytest.mark.parametrize("roles", [{}, ROLES], ids=["nobody", "people"])
def test_a_grafana_that_does_not_answer_is_a_failure(
    people: str, roles: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answers = {"grafana-people": people, "grafana-answers": Exception("Grafana does not answer")}
    with caplog.at_level("INFO", logger="pyinfra"):
        ran = fakehost.run(operations.accounts, answers, project="socialize", roles=roles)
    assert ran.failed
    assert ran.scripts() == ["grafana-people", "grafana-answers"]
    assert "everybody has the account" not in caplog.text


def test_one_that_answers_late_is_asked_again() -> None:
    answers = iter(["0", "0", answer(ADMIN, (2, "ada", "Editor"), (3, "bob", "Viewer"))])
    ran = fakehost.run(
        operations.accounts, {"grafana-people": lambda _: next(answers)}, project="socialize", roles=ROLES
    )
    assert (ran.failed, ran.scripts()) == (False, ["grafana-people", "grafana-answers", "grafana-people"])


def test_every_role_of_the_settings_is_one_of_grafanas() -> None:
    from preprod.deploys.grafana import _ROLES

    may = get_args(Settings.model_fields["grafana_users"].annotation)[1]
    assert (set(get_args(may)), set(_ROLES.values())) == (set(_ROLES), {"Editor", "Viewer"})
