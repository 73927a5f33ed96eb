"""Asking Prometheus and Alertmanager: in parallel, within a fixed time, and no more than a fixed size.

Their failures are no `socialize.outbound_http.failures`: no request of a user depends on them, and an alert
about them would have to come from them. The page says it, a log line does, and the span is marked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import httpx2
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, TypeAdapter, ValidationError

from socialize import tracing

TIMEOUT_SECONDS = 2.0
"""For each question; they are asked at the same time."""
MAX_BYTES = 1024 * 1024
"""Of one answer."""

OK = 200
_PORTS = {"http": 80, "https": 443}
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Sample(BaseModel):
    """A value of a series at one instant."""

    metric: dict[str, str]
    value: tuple[float, float]
    """Time, value."""


class _Vector(BaseModel):
    resultType: Literal["vector"]
    result: list[Sample]


class _Answer(BaseModel):
    status: Literal["success"]
    data: _Vector


class _Status(BaseModel):
    state: Literal["active", "suppressed", "unprocessed"]


class RawAlert(BaseModel):
    """An alert as Alertmanager gives it; nothing of it has been checked for what it says."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: datetime
    status: _Status


_ALERTS = TypeAdapter(list[RawAlert])


class NoAnswer(Exception):
    """None that could be used; `error_type` says why, as on spans and in log lines."""

    def __init__(self, error_type: str) -> None:
        super().__init__(error_type)
        self.error_type = error_type


def client() -> httpx2.AsyncClient:
    """A client that asks whom it is told to: no redirects, no proxies of the environment."""
    # Uncompressed, so that the limit of bytes is one of memory, too.
    return httpx2.AsyncClient(
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
        timeout=TIMEOUT_SECONDS,
        limits=httpx2.Limits(max_connections=10),
    )


async def ask_prometheus(
    http: httpx2.AsyncClient, base: str, queries: Sequence[str]
) -> dict[str, list[Sample] | NoAnswer]:
    """The instant vectors of some queries, or why there is none.

    Args:
        http: as from `client`.
        base: address of Prometheus.
        queries: in PromQL.
    """

    async def ask(query: str) -> list[Sample]:
        params = {"query": query, "timeout": f"{TIMEOUT_SECONDS:g}s"}
        body = await _get(http, f"{base.rstrip('/')}/api/v1/query", params)
        return _Answer.model_validate_json(body).data.result

    answers = await asyncio.gather(*(_or_none("Prometheus", ask(query)) for query in queries))
    return dict(zip(queries, answers, strict=True))


async def ask_alertmanager(http: httpx2.AsyncClient, base: str) -> list[RawAlert] | NoAnswer:
    """All alerts that fire, muted ones too, or why there is no answer."""

    async def ask() -> list[RawAlert]:
        return _ALERTS.validate_json(await _get(http, f"{base.rstrip('/')}/api/v2/alerts", {}))

    return await _or_none("Alertmanager", ask())


async def _or_none(name: str, asking: Awaitable[T]) -> T | NoAnswer:
    try:
        return await asking
    except ValidationError:
        failure = NoAnswer("invalid")
    except NoAnswer as error:
        failure = error
    fields = {"dependency": "monitoring", "error_type": failure.error_type}
    _log.warning("%s did not answer the operations page", name, extra=fields)
    return failure


async def _get(http: httpx2.AsyncClient, url: str, params: dict[str, str]) -> bytes:
    place = urlsplit(url)
    attributes: dict[str, str | int] = {
        "http.request.method": "GET",
        "server.address": place.hostname or "",
        "server.port": place.port or _PORTS[place.scheme],
    }
    with tracing.span("GET", SpanKind.CLIENT, attributes) as span:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), http.stream("GET", url, params=params) as answer:
                span.set_attribute("http.response.status_code", answer.status_code)
                if answer.status_code != OK:
                    raise NoAnswer(str(answer.status_code))
                return await _bounded(answer)
        except (TimeoutError, httpx2.TimeoutException):
            raise NoAnswer("timeout") from None
        except httpx2.HTTPError:
            raise NoAnswer("connection") from None


async def _bounded(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BYTES:
            raise NoAnswer("too_large")
    return bytes(body)
