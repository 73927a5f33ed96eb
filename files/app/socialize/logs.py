"""Logs: one JSON object a line on standard output, with an allow-list of fields.

Nothing that a client sent gets into a line but its correlation id, once that has been validated. Exceptions
are written as types and stack frames: their texts may carry SQL parameters, connection strings or bodies.
"""

import asyncio
import logging
import os
import sys
import traceback
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from opentelemetry import trace
from pythonjsonlogger.json import JsonFormatter

from socialize.about import VERSION

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="-")
"""Id of the request being served, or of the one that queued the job at work; "-" outside of both."""

_known: ContextVar[dict[str, str] | None] = ContextVar("known", default=None)

FIELDS = (
    "timestamp",
    "level",
    "service",
    "version",
    "environment",
    "log_type",
    "correlation_id",
    "trace_id",
    "span_id",
    "message",
    "user_id",
    "org_id",
    "event_id",
    "action",
    "object_type",
    "object_id",
    "job",
    "job_id",
    "attempt",
    "dependency",
    "error_type",
    "method",
    "route",
    "status",
    "duration_ms",
    "exception_type",
    "exception_stacktrace",
)
"""Every field a line may have, in this order. What is not listed is dropped."""

PROCESSES = Path("/proc")

# Loggers whose messages hold no values, or none from outside. Of all others the bare template is written.
_FIXED_SENTENCES = ("socialize", "uvicorn", "alembic.runtime.migration")

_log = logging.getLogger(__name__)
_audit = logging.getLogger("socialize.audit")


def begin_context(correlation: str) -> None:
    """Start a request or a job: its lines carry this correlation id and what `remember` adds."""
    correlation_id.set(correlation)
    _known.set({})


def remember(field: Literal["user_id", "org_id"], value: uuid.UUID) -> None:
    """Add who asks, or whose data is worked on, to every further line of this request or job."""
    if (known := _known.get()) is not None:
        known[field] = str(value)


def audit(action: str, object_type: str, object_id: uuid.UUID | None) -> None:
    """Write an audit line: who (from the context) did what to which thing; never content.

    Args:
        action: what was done, a noun and a participle: "comment.created".
        object_type: the kind of thing that it was done to.
        object_id: the thing; None where it has no id of its own.
    """
    fields = {"action": action, "object_type": object_type, "event_id": str(uuid.uuid4())}
    if object_id:
        fields["object_id"] = str(object_id)
    _audit.info("audit event", extra={"log_type": "audit"} | fields)


class JsonLines(JsonFormatter):
    """Formats a record as one JSON object that holds nothing but `FIELDS`."""

    def __init__(self, service: str, environment: str) -> None:
        static = {"service": service, "version": VERSION, "environment": environment}
        super().__init__(
            ["message"], static_fields=static, rename_fields={"exc_info": "exception_stacktrace"}
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data |= {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "correlation_id": correlation_id.get(),
            "log_type": "app",
        } | (_known.get() or {})
        if (span := trace.get_current_span().get_span_context()).is_valid:
            log_data["trace_id"] = trace.format_trace_id(span.trace_id)
            log_data["span_id"] = trace.format_span_id(span.span_id)
        if record.exc_info and record.exc_info[0]:
            log_data["exception_type"] = _type_name(record.exc_info[0])
        super().add_fields(log_data, record, message_dict)
        if not record.name.startswith(_FIXED_SENTENCES):
            log_data["message"] = str(record.msg)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {field: log_data[field] for field in FIELDS if log_data.get(field) is not None}

    def formatException(self, ei: Any) -> str:
        return "\n".join(_frames(ei[1]))


def configure_logging(service: str, environment: str, level: str) -> None:
    """Send every logger's lines, warnings and uncaught exceptions to standard output as `JsonLines`.

    Args:
        service: name of the program, on every line.
        environment: deployment environment name, on every line.
        level: lowest level that is written: "debug", "info", "warning" or "error".
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service, environment))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("socialize", "uvicorn", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(level.upper())
    _audit.setLevel(logging.INFO)  # Whatever the level: what was done must be on record.
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def keep_audit_lines() -> None:
    """Write audit lines to the log of the container, too, when this program is also its first process.

    What is started beside that one has an output of its own, which is in no log.
    """
    if not _runs_beside_itself():
        return
    try:
        # Not waiting: a terminal whose reader is stuck must not hold up the command.
        output = os.open(PROCESSES / "1/fd/1", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        _log.warning("the container's log cannot be written: audit lines are on this output alone")
        return
    handler = logging.StreamHandler(os.fdopen(output, "w"))
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    _audit.addHandler(handler)


def _runs_beside_itself() -> bool:
    try:
        first, own = ((PROCESSES / process / "cmdline").read_bytes() for process in ("1", "self"))
    except OSError:
        return False
    # Interpreter and script: whatever else is first has an output that is not ours to write to.
    return os.getpid() != 1 and first.split(b"\0")[:2] == own.split(b"\0")[:2]


def log_loop_exception(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Event loop exception handler: asyncio's own would print the exception's text."""
    _log.error("unhandled exception in the event loop", exc_info=context.get("exception"))


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("uncaught exception", exc_info=(kind, error, trace))


def _frames(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error and id(error) not in seen:
        seen.add(id(error))
        yield _type_name(type(error))
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        error = error.__cause__ or error.__context__


def _type_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
