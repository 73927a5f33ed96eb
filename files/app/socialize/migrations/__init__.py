"""Alembic's migrations.

A migration must leave the schema usable for the version before it: both serve while the app is rolled out.
"""
