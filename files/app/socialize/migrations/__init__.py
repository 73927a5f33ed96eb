"""Alembic's migrations.

**Expand, then contract.** Two versions serve on one schema: both of them while the app is rolled out, the
older one alone after a rollback, which leaves the database as it is. Hence a migration only ever adds:
tables; columns that may be NULL or have a default; indexes; wider checks. It removes, renames or narrows
nothing that the version before it uses. What a release has ceased to use goes with a migration of the release
after it; a rollback therefore reaches one release back.
`tests/test_releases.py` holds every migration against this rule.

Revisions are numbers that count up (`alembic revision --autogenerate --rev-id 0003 -m "..."`): so a version
can tell a database that is newer than itself from one that is not its own.
"""
