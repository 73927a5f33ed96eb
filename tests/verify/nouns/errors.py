"""What can go wrong before anything is proven."""

from __future__ import annotations


class NotVerifiable(Exception):
    """A host cannot be verified at all; the message says which, why, and what to do."""
