"""Alloy, asked by the HTTP API of its own user interface."""

from __future__ import annotations

from verify.nouns.program import Program


class Alloy:
    """Questions to one Alloy."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __repr__(self) -> str:
        return repr(self._program)

    @property
    def components(self) -> dict[str, str]:
        """Part of the pipeline -> ``healthy``, or its state with the reason."""
        parts = self._program.get("/api/v0/web/components").json()
        return {part["localID"]: _state(part["health"]) for part in parts}


def _state(health: dict[str, str]) -> str:
    return "healthy" if health["state"] == "healthy" else f"{health['state']}: {health.get('message', '')}"
