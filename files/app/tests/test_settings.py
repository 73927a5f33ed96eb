"""Settings from the environment, and the command line."""

import subprocess
import sys
from pathlib import Path

import program
import pytest

from socialize.settings import load_settings


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    password = tmp_path / "password"
    password.write_text("\n canary-password \n")
    return {"SOCIALIZE_DB_HOST": "db", "SOCIALIZE_DB_PASSWORD_FILE": str(password)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SOCIALIZE_DB_HOST": None}, "SOCIALIZE_DB_HOST is missing"),
        ({"SOCIALIZE_DB_HOST": ""}, "SOCIALIZE_DB_HOST is wrong: String should have at least 1 character"),
        (
            {"SOCIALIZE_DB_PORT": "canary"},
            "SOCIALIZE_DB_PORT is wrong: "
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            {"SOCIALIZE_LOG_LEVEL": "loud"},
            "SOCIALIZE_LOG_LEVEL is wrong: Input should be 'debug', 'info', 'warning' or 'error'",
        ),
        (
            {"SOCIALIZE_DB_PASSWORD_FILE": "/nowhere/password"},
            "SOCIALIZE_DB_PASSWORD_FILE is wrong: cannot read /nowhere/password (No such file or directory)",
        ),
        (
            {"SOCIALIZE_DB_PASSWORD_FILE": "/dev/null"},
            "SOCIALIZE_DB_PASSWORD_FILE is wrong: /dev/null is empty",
        ),
        (
            {"SOCIALIZE_DB_HOTS": "canary"},
            "SOCIALIZE_DB_HOTS is not a setting; did you mean SOCIALIZE_DB_HOST?",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_status_2(
    good: dict[str, str], change: dict[str, str | None], sentence: str
) -> None:
    env = {name: value for name, value in (good | change).items() if value is not None}
    done = program.run("serve", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"socialize: {sentence}\n")


def test_migrate_refuses_wrong_settings_too() -> None:
    assert program.run("migrate", env={}).returncode == 2


def test_the_password_is_stripped_and_never_shown(
    good: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in good.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.db_password.get_secret_value() == "canary-password"
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump()} {settings.db_password!r}"


def test_version_needs_no_settings() -> None:
    done = program.run("version", env={})
    assert done.returncode == 0
    assert done.stdout.count(".") == 2


def test_a_health_check_loads_nothing_but_the_standard_library() -> None:
    def modules(imports: str) -> set[str]:
        code = f"import sys, {imports}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return {name.split(".")[0] for name in done.stdout.split()}

    added = modules("socialize.cli, socialize.healthcheck") - modules("sys")
    assert added - sys.stdlib_module_names == {"socialize"}
