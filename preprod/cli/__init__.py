"""The ``preprod`` command: pyinfra and pytest behind exit codes that can be trusted."""

from preprod.cli.commands import main

__all__ = ["main"]
