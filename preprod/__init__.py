"""Socialize Preprod: a bare machine becomes a preproduction Docker host, and proves it."""

__version__ = "0.1.0"
