"""What the app may do in the database."""

from __future__ import annotations

from verify.nouns.compose import Compose
from verify.nouns.database import Database


def test_the_role_of_the_app_is_an_ordinary_one(database: Database, compose: Compose) -> None:
    api = compose.container("api")
    role = api.environment["SOCIALIZE_DB_USER"]
    assert database.powers(role) == [], f"role {role} of {api} should be there and have no powers beyond its tables"
    assert database.memberships(role) == [], f"role {role} of {api} should be a member of no other role"


def test_passwords_are_kept_as_scram_verifiers(database: Database, compose: Compose) -> None:
    assert database.clear_passwords() == [], f"roles of {compose.container('postgres')} with another kind of password"
