from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from preprod.facts.secrets import Secrets, supplied_on_stdin
from preprod.operations import secrets as operations
from preprod.secrets import Action, Copy, Secret, SecretState, Step, plan, supplied, versions, wanted
from preprod.settings import SettingsError, load
from unit import fakehost

UIDS = {"postgres": 999, "api": 10001}
GENERATED = Secret("app_db_password", ("postgres", "api"))
SUPPLIED = Secret("smtp_password", ("api",), must_be_supplied=True)


def copy(uid: int, /, **changes: Any) -> Copy:
    right = {"mode": "400", "uid": uid, "gid": uid, "same_as_first": True, "same_as_supplied": False}
    return Copy(**(right | changes))


def both(**changes: Any) -> dict[str, Copy]:
    return {"postgres": copy(999), "api": copy(10001, **changes)}


@pytest.mark.parametrize(
    ("state", "generation", "action", "version"),
    [
        pytest.param(SecretState(), 1, Action.GENERATE, 1, id="nothing there"),
        pytest.param(SecretState(3, 1, both()), 1, Action.KEEP, 3, id="as it should be"),
        pytest.param(SecretState(3, 1, both()), 2, Action.GENERATE, 4, id="rotation asked for"),
        pytest.param(SecretState(3, 2, both()), 1, Action.KEEP, 3, id="generation went back"),
        pytest.param(SecretState(0, 0, both()), 1, Action.GENERATE, 1, id="died before the version was written"),
        pytest.param(SecretState(3, 1, both(same_as_first=False)), 1, Action.GENERATE, 4, id="copies differ"),
        pytest.param(SecretState(3, 1, {"postgres": copy(999)}), 1, Action.REPAIR, 3, id="a copy is missing"),
        pytest.param(SecretState(3, 1, both(mode="440")), 1, Action.REPAIR, 3, id="mode"),
        pytest.param(SecretState(3, 1, both(uid=0)), 1, Action.REPAIR, 3, id="owner"),
        pytest.param(SecretState(3, 1, both(gid=0)), 1, Action.REPAIR, 3, id="group"),
        pytest.param(SecretState(3, 1, {}), 1, Action.GENERATE, 4, id="all copies are gone"),
    ],
)
def test_what_a_generated_secret_needs(state: SecretState, generation: int, action: Action, version: int) -> None:
    (step,) = plan([GENERATED], {GENERATED.name: state}, [], {GENERATED.name: generation}, UIDS)
    assert (step.action, step.version, step.generation) == (action, version, generation)


@pytest.mark.parametrize(
    ("state", "action", "version"),
    [
        pytest.param(SecretState(), Action.WRITE, 1, id="nothing there"),
        pytest.param(SecretState(2, 1, {"api": copy(10001)}), Action.WRITE, 3, id="another value"),
        pytest.param(SecretState(2, 1, {"api": copy(10001, same_as_supplied=True)}), Action.KEEP, 2, id="same value"),
        pytest.param(SecretState(0, 0, {"api": copy(10001, same_as_supplied=True)}), Action.WRITE, 1, id="unfinished"),
        pytest.param(
            SecretState(2, 1, {"api": copy(0, same_as_supplied=True)}), Action.REPAIR, 2, id="same value, wrong owner"
        ),
    ],
)
def test_what_a_supplied_secret_needs(state: SecretState, action: Action, version: int) -> None:
    (step,) = plan([SUPPLIED], {SUPPLIED.name: state}, [SUPPLIED.name], {}, UIDS)
    assert (step.action, step.version) == (action, version)


def test_a_generated_secret_takes_a_supplied_value_instead() -> None:
    (step,) = plan([GENERATED], {GENERATED.name: SecretState(3, 1, both())}, [GENERATED.name], {}, UIDS)
    assert step.action is Action.WRITE


def test_a_services_label_tells_the_versions_of_its_own_secrets_alone() -> None:
    steps = [Step(GENERATED, Action.KEEP, 2, 1), Step(SUPPLIED, Action.KEEP, 5, 1)]
    assert versions(steps, "postgres") == "app_db_password=2"
    assert versions(steps, "api") == "app_db_password=2,smtp_password=5"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"app_secrets": ["app_db_password"]}, "app_secrets names app_db_password, which is there already: "),
        ({"secret_generation": {"smtp": 2}}, "secret_generation names smtp, not generated: use app_db_password or db_"),
    ],
)
def test_misnamed_secrets_are_refused(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        wanted(load(data))
    assert str(refused.value).startswith(sentence)


def given(file: Path | None = None, environment: dict[str, str] | None = None, *names: str) -> dict[str, str]:
    settings = load({"app_secrets": list(names), "secrets_file": str(file) if file else None})
    return supplied(settings, wanted(settings), environment or {})


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_text("# comment\n\nSMTP = from file\napp_db_password=a=b\nOTHER=ignored\n")
    assert given(file, {}, "smtp") == {"smtp": " from file", "app_db_password": "a=b"}
    assert given(file, {"PREPROD_SECRET_SMTP": "from environment"}, "smtp")["smtp"] == "from environment"


def test_a_secret_that_was_not_supplied_is_named_with_the_ways() -> None:
    with pytest.raises(SettingsError) as refused:
        given(None, {}, "smtp", "stripe")
    assert str(refused.value) == (
        "secret smtp, stripe is needed and not supplied: set PREPROD_SECRET_SMTP, PREPROD_SECRET_STRIPE "
        "in the environment, or the same names without the prefix in secrets_file"
    )


@pytest.mark.parametrize("value", ["", "two\nlines", "nul\0"])
def test_an_unusable_value_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        given(None, {"PREPROD_SECRET_SMTP": value}, "smtp")
    assert str(refused.value) == "secret smtp is empty or has more than one line: supply one line of text"


def test_a_bad_file_is_told_by_its_line_and_not_by_its_text(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_text("A=1\nhunter2\n")
    with pytest.raises(SettingsError) as refused:
        given(file)
    assert str(refused.value) == f"secrets_file {file} line 2 is not of the form NAME=value"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere cannot be read \(FileNotFoundError\)"):
        given(tmp_path / "nowhere")


def test_the_fact_reads_versions_and_copies() -> None:
    lines = ["version smtp 3 2", "copy smtp api 400 10001 10001 yes no", "copy smtp worker 440 0 0 no yes"]
    assert Secrets().process(lines) == {
        "smtp": SecretState(
            3,
            2,
            {
                "api": Copy("400", 10001, 10001, same_as_first=True, same_as_supplied=False),
                "worker": Copy("440", 0, 0, same_as_first=False, same_as_supplied=True),
            },
        )
    }


def test_a_supplied_value_travels_on_standard_input_alone() -> None:
    canary = "canary-7c1e"
    steps = [Step(SUPPLIED, Action.WRITE, 4, 1), Step(GENERATED, Action.GENERATE, 2, 1)]
    done = fakehost.run(operations.present, steps=steps, given={SUPPLIED.name: canary}, uids=UIDS)
    write, generate = done.commands
    assert write.arguments == ("WRITE", "smtp_password", "4", "1", "api:10001")
    assert write.stdin == supplied_on_stdin({SUPPLIED.name: canary}).unmask()
    assert generate.arguments == ("GENERATE", "app_db_password", "2", "1", "postgres:999", "api:10001")
    assert not generate.stdin
    assert not [c for c in done.commands if canary in c.text or write.stdin.split()[1] in c.text]


def test_secrets_in_place_are_left_alone() -> None:
    done = fakehost.run(operations.present, steps=[Step(GENERATED, Action.KEEP, 1, 1)], given={}, uids=UIDS)
    assert (done.changes, done.commands) == (False, [])


ASKED = [Step(GENERATED, Action.KEEP, 1, 1)]
LEFT = ["api", "api/app_db_password", "api/smtp_password", "old", "old/key", "postgres", "grafana", "grafana/key"]


def test_what_no_setting_asks_for_any_more_goes_and_what_rests_stays() -> None:
    lying = {"secrets-list": "\n".join([*LEFT, "postgres/app_db_password"])}
    done = fakehost.run(operations.no_others, lying, steps=ASKED, resting=["grafana"])
    assert done.only("secrets-drop").arguments == ("api/smtp_password", "old")
    assert fakehost.run(operations.no_others, lying, dry=True, steps=ASKED, resting=["grafana"]).changes


def test_where_nothing_is_left_over_nothing_is_removed() -> None:
    done = fakehost.run(
        operations.no_others, {"secrets-list": "postgres\napi\napi/app_db_password"}, steps=ASKED, resting=[]
    )
    assert (done.changes, done.scripts()) == (False, ["secrets-list"])
