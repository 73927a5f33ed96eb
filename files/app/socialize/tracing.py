"""Spans of the calls that the app makes, and ids of the span at hand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from socialize.logs import correlation_id

_tracer = trace.get_tracer("socialize")

Attributes = Mapping[str, str | int]


@contextmanager
def span(
    name: str, kind: SpanKind, attributes: Attributes | None = None, links: tuple[Link, ...] = ()
) -> Iterator[Span]:
    """A span around the block, with the correlation id.

    An exception marks it as failed: with its `error_type`, or else with its class, never with its text.
    """
    with _tracer.start_as_current_span(
        name,
        kind=kind,
        attributes={"correlation_id": correlation_id.get(), **(attributes or {})},
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except Exception as error:
            failed(made, error_type(error))
            raise


def start(name: str, kind: SpanKind, attributes: Attributes) -> Span:
    """A span that is ended by hand, where begin and end come as two events."""
    return _tracer.start_span(
        name, kind=kind, attributes={"correlation_id": correlation_id.get(), **attributes}
    )


def failed(made: Span, error_type: str) -> None:
    """Mark a span as failed.

    Args:
        made: the span.
        error_type: a class of errors, from a small set.
    """
    made.set_status(Status(StatusCode.ERROR))
    made.set_attribute("error.type", error_type)


def error_type(error: Exception) -> str:
    """The class of errors that an exception belongs to: the one that it names, or else its own."""
    return str(getattr(error, "error_type", type(error).__name__))


def in_trace() -> bool:
    """Whether there is a span at hand that others can be children of."""
    return trace.get_current_span().get_span_context().is_valid


def trace_id() -> str | None:
    """Id of the trace at hand, as 32 hexadecimal digits."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
