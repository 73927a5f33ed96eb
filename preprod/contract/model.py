"""The format of a contract: structure and types. What the parts must be to each other stands in the checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

SERIES_PER_METRIC = 200
"""Series that one process may make of one metric, unless the contract says otherwise: far below what Prometheus
bears, and above what a label of classes needs, so that what exceeds it is most likely a mistake."""

HTTP_SERIES = 1000
"""The same for `http.server.request.duration`, whose routes and statuses multiply."""

Section = Literal["jobs", "queues", "dependencies"]
"""Sections whose names can be the allowed values of a label."""

_SECTIONS = ("jobs", "queues", "dependencies")


def _fraction(value: float) -> float:
    if not 0 < value < 1:
        raise PydanticCustomError("fraction", "a fraction between 0 and 1 is expected, as in 0.995")
    return value


def _identifier(value: str) -> str:
    if not value.replace(".", "_").replace("-", "_").isidentifier() or not value.isascii() or value != value.lower():
        raise PydanticCustomError("identifier", "a name of lower-case letters, digits and '_', '-' or '.' is expected")
    return value


def _allowed_values(value: Any) -> Any:
    if isinstance(value, str) and value in _SECTIONS:
        return value
    if isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
        return value
    raise PydanticCustomError(
        "unbounded",
        "a label needs its allowed values: list them as texts, or name the section that does (jobs, queues, "
        "dependencies)",
    )


StandardRedaction = Literal[
    "email_address", "authorization", "query_secret", "json_secret", "card_number", "url_credentials"
]
Fraction = Annotated[
    float,
    AfterValidator(_fraction),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Name = Annotated[
    str, AfterValidator(_identifier), WithJsonSchema({"type": "string", "pattern": "^[a-z_][a-z0-9._-]*$"})
]
Text = Annotated[str, Field(min_length=1)]
AllowedValues = Annotated[Section | tuple[str, ...], BeforeValidator(_allowed_values)]


class Part(BaseModel):
    """Base of every part: unknown keys and wrong types are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Expectation(Part):
    """What is normal; what is not is worth an alert."""

    at_least: float | None = Field(None, gt=0, description="Less than this is not normal. In the unit of the signal.")
    at_most: float | None = Field(None, ge=0, description="More than this is not normal. In the unit of the signal.")
    per_seconds: int | None = Field(None, ge=1, description="Counters: the time in which the increase is counted.")
    quantile: Fraction | None = Field(None, description="Histograms: which quantile is meant.")
    of: str | None = Field(None, description="The bound is a fraction of this other (or the same, whole) signal.")
    where: dict[str, str] = Field({}, description="Only series with these label values.")


class _Metric(Part):
    kind: Literal["usage", "failure", "operational"] = Field(
        description="usage: somebody used the product; failure: something went wrong; operational: the rest."
    )
    unit: str = Field(description="UCUM: `1`, `s`, `By`, or what is counted, as in `{request}`.")
    description: Text = Field(description="What is measured, in a sentence.")
    services: tuple[str, ...] = Field((), description="Services that emit it; none named means all.")
    labels: dict[str, AllowedValues] = Field(
        {}, description="Attributes and their allowed values: a list, or the section whose names they are."
    )
    expect: Expectation | None = Field(None, description="What is normal.")
    max_series: int = Field(SERIES_PER_METRIC, ge=1, description="Bound on the product of allowed values.")


class Counter(_Metric):
    """Counts events; exported at zero, with every combination of its labels, from the start of a process."""


class Gauge(_Metric):
    """A value that goes up and down. An up-down counter may emit it, too, unless its unit is 1."""


class Histogram(_Metric):
    """A distribution."""

    buckets: tuple[float, ...] = Field(min_length=1, description="Upper bounds of the buckets, ascending.")


class Latency(Part):
    """So many requests are answered within so many seconds."""

    quantile: Fraction = Field(description="Share of the requests.")
    seconds: float = Field(gt=0, description="Time to answer; a bucket boundary of the HTTP conventions.")


class Slo(Part):
    """Objectives of a route group."""

    availability: Fraction = Field(description="Share of requests answered with a status below 500.")
    latency: Latency = Field(description="How fast.")


class RouteGroup(Part):
    """Routes that share objectives."""

    description: Text = Field(description="What the routes have in common.")
    routes: tuple[str, ...] = Field(description="`METHOD /template`, as in `GET /api/items/{item_id}`.")
    slo: Slo = Field(description="The objectives.")


class Http(Part):
    """The HTTP server signals: `http.server.request.duration` and one server span per request."""

    service: str = Field(description="The service that answers.")
    statuses: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(description="Every status it answers with.")
    unobserved: tuple[str, ...] = Field((), description="Routes without any signal, such as health checks.")
    groups: dict[Name, RouteGroup] = Field(description="All other routes.")
    max_series: int = Field(HTTP_SERIES, ge=1, description="Bound on routes times statuses.")


class Job(Part):
    """A kind of background work."""

    description: Text = Field(description="What it does.")
    service: str = Field(description="The service that runs it.")
    queue: str | None = Field(None, description="The queue it is taken from; none for one that a timer runs.")
    every_seconds: int | None = Field(None, ge=1, description="Scheduled ones: time between two runs.")


class Queue(Part):
    """A queue: a producer span `send <name>` and, linked to it, a consumer span `process <name>`."""

    description: Text = Field(description="What it is and what it guarantees.")
    system: Name = Field(description="`messaging.system`, as in `postgresql` or `rabbitmq`.")
    publishers: tuple[str, ...] = Field(min_length=1, description="Services that publish.")
    consumers: tuple[str, ...] = Field(min_length=1, description="Services that consume.")
    attributes: tuple[str, ...] = Field((), description="Span attributes beside `messaging.*`.")


class Dependency(Part):
    """Something outside that the app calls: one client span per call."""

    description: Text = Field(description="What it is for.")
    kind: Literal["database", "cache", "http", "email", "llm", "search", "payment", "ssh"] = Field(
        description="What it is."
    )
    services: tuple[str, ...] = Field((), description="Services that call it; none named means all.")
    span: Text = Field(description="Name of the span; `{attribute}` stands for the value of one.")
    attributes: tuple[str, ...] = Field((), description="Span attributes.")


class OtherSpan(Part):
    """A span that none of the other sections gives."""

    description: Text = Field(description="What it covers.")
    kind: Literal["internal", "client", "server", "producer", "consumer"] = Field("internal", description="Span kind.")
    services: tuple[str, ...] = Field((), description="Services that emit it; none named means all.")
    span: Text = Field(description="Name of the span; `{attribute}` stands for the value of one.")
    attributes: tuple[str, ...] = Field((), description="Span attributes.")


class Spans(Part):
    """Spans in general."""

    common_attributes: tuple[str, ...] = Field((), description="Attributes that any span may carry.")
    others: dict[Name, OtherSpan] = Field({}, description="Spans of none of the other sections.")


class LogField(Part):
    """A field of a log line."""

    description: Text = Field(description="What it holds.")
    required: bool = Field(False, description="Whether every line has it.")
    type: Literal["string", "integer", "number"] = Field("string", description="JSON type.")
    types: tuple[str, ...] = Field((), description="Log types that may have it; none named means all.")
    values: tuple[str, ...] = Field((), description="Allowed values; none named means any.")


class Logs(Part):
    """Log lines: one JSON object a line on standard output with nothing but these fields."""

    types: dict[Name, Text] = Field(description="Values of `log_type`.")
    fields: dict[str, LogField] = Field(description="The fields.")


class Redaction(Part):
    """What is removed from telemetry wherever it shows up."""

    description: Text = Field(description="What it finds.")
    pattern: Text = Field(description="Regular expression in RE2 syntax, which Alloy and Loki use.")
    canaries: tuple[str, ...] = Field(description="Invented examples that it must find; tests send them.")


class Privacy(Part):
    """What must not be in telemetry."""

    forbidden: tuple[str, ...] = Field(min_length=1, description="Names of fields and attributes that stand nowhere.")
    standard: tuple[StandardRedaction, ...] = Field(
        min_length=1, description="Redactions that the package brings along, in the order in which they apply."
    )
    redact: dict[Name, Redaction] = Field({}, description="Further ones, of this app.")


class Contract(Part):
    """Everything that an app emits."""

    application: Name = Field(description="Name of the app.")
    description: Text = Field(description="What the app is, in a sentence.")
    services: dict[Name, Text] = Field(
        min_length=1, description="Programs; the name is `service.name`, and so the Prometheus label `job`."
    )
    resource: dict[str, Text] = Field(description="Resource attributes of every metric and span.")
    http: Http | None = Field(None, description="HTTP server signals.")
    counters: dict[str, Counter] = Field({}, description="Counters.")
    histograms: dict[str, Histogram] = Field({}, description="Histograms.")
    gauges: dict[str, Gauge] = Field({}, description="Gauges.")
    jobs: dict[Name, Job] = Field({}, description="Background jobs.")
    queues: dict[Name, Queue] = Field({}, description="Queues.")
    dependencies: dict[Name, Dependency] = Field({}, description="What the app calls.")
    spans: Spans = Field(Spans(), description="Spans in general, and those of no other section.")
    logs: Logs = Field(description="Log lines.")
    privacy: Privacy = Field(description="What must not be in telemetry.")
