"""Requests to the app that can be told from everybody else's in every store."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.nouns.api import CORRELATION_HEADER, Api, UnexpectedAnswer
from verify.nouns.person import Person


@dataclass(frozen=True)
class Sent:
    """A request, the first of a trace that its sender has begun."""

    at: float
    """Unix time by the host's clock, just before it was sent."""
    method: str
    route: str
    status: int
    """What it shall be answered with."""
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    """The sender's span, parent of the app's."""

    def __str__(self) -> str:
        return f"{self.span_name} in trace {self.trace_id}"

    @property
    def correlation_id(self) -> str:
        return f"verify-{self.trace_id}"

    @property
    def span_name(self) -> str:
        return f"{self.method} {self.route}"

    @property
    def headers(self) -> dict[str, str]:
        """W3C trace context, sampled, so that the trace is kept whatever share of them is; and the correlation id."""
        return {"traceparent": f"00-{self.trace_id}-{self.span_id}-01", CORRELATION_HEADER: self.correlation_id}

    def selected(self, metric: str, service: str) -> str:
        """The series of an HTTP metric, in PromQL, that requests like this one are measured by."""
        labels = {
            "job": service,
            "http_request_method": self.method,
            "http_route": self.route,
            "http_response_status_code": str(self.status),
        }
        return metric + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


class Commenter:
    """A new person with a content item of their own; nobody else in this suite comments."""

    def __init__(self, api: Api) -> None:
        """
        :raises UnexpectedAnswer: the app refuses something.
        """
        self._person = Person(api)
        self._item = self._person.content_item()

    def comment(self, at: float) -> Sent:
        """
        :raises UnexpectedAnswer: the app refuses.
        """
        sent = Sent(at, "POST", "/api/content-items/{content_item_id}/comments", 201)
        self._person.created(sent.route.format(content_item_id=self._item), sent.headers, body="Verified.")
        return sent


def finding(word: str) -> str:
    """A regular expression that finds a word and not itself: a store may log, and so store, what it was asked for."""
    return f"[{word[0]}]{word[1:]}"


class Canary:
    """A word that nobody else says, in the places where secrets travel."""

    def __init__(self) -> None:
        self.word = secrets.token_hex(12)

    @property
    def line(self) -> str:
        """What a careless program prints."""
        return f"logged in with password={self.word} and Authorization: Bearer {self.word}"

    def log_in(self, api: Api, at: float) -> Sent:
        """Try it as password and token, in the query string, in headers and in the body of one request.

        :raises UnexpectedAnswer: the app takes it, or does not answer.
        """
        sent = Sent(at, "POST", "/api/auth/login", 401)
        answer = api.request(
            sent.method,
            f"{sent.route}?token={self.word}&password={self.word}",
            headers={**sent.headers, **self._headers},
            json={"email": f"{self.word}@example.com", "password": self.word},
        )
        if answer.status_code != sent.status:
            raise UnexpectedAnswer(f"{api} should refuse an unknown user with {sent.status}, not {answer.status_code}")
        return sent

    @property
    def _headers(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self.word}",
            "Cookie": f"session={self.word}",
            "X-Api-Key": self.word,
            "User-Agent": f"verify/{self.word}",
        }
