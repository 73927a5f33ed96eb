"""The app as its clients reach it: through Caddy's published address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from verify.nouns.deployment import Deployment

PORTS = {"http": 80, "https": 443}
TIMEOUT_SECONDS = 20
CORRELATION_HEADER = "X-Correlation-Id"

Route = Callable[[int], tuple[str, int]]
"""Port of the origin -> address and port to connect to."""


class UnexpectedAnswer(AssertionError):
    """The app answered otherwise than it should, or not at all; the message tells the request and the answer."""


class _Routed(HTTPAdapter):
    """Connects elsewhere than the URL says; the host header, the name in TLS and its verification stay the URL's."""

    def __init__(self, route: Route) -> None:
        self._route = route
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        attributes: Any = super().build_connection_pool_key_attributes(request, verify, cert)
        place, tls = attributes
        address, port = self._route(place["port"] or PORTS[place["scheme"]])
        request.headers["Host"] = urlsplit(str(request.url)).netloc
        if place["scheme"] == "https":
            tls |= {"server_hostname": place["host"], "assert_hostname": place["host"]}
        return place | {"host": address, "port": port}, tls


class Api:
    """Requests to one origin, all by the same way."""

    def __init__(self, origin: str, way: str, route: Route, ca: str | None = None) -> None:
        """
        :param origin: scheme, host and port of the URLs.
        :param way: words for messages: from where the requests go out.
        :param ca: PEM file of the authorities to trust instead of the usual ones.
        """
        self.origin = origin
        self._way = way
        self._route = route
        self._ca = ca

    def __repr__(self) -> str:
        return f"{self.origin} ({self._way})"

    def client(self) -> requests.Session:
        """A new client: no cookies, no proxies of the environment, no redirects unless asked for."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self._ca or True
        for scheme in PORTS:
            session.mount(f"{scheme}://", _Routed(self._route))
        return session

    def outage(self) -> str:
        """Why nothing else needs to be asked; empty where the app serves."""
        try:
            answer = self.get("/health/live")
        except UnexpectedAnswer as error:
            return str(error)
        return f"{self} serves nothing: {answer.status_code} {answer.text[:200]}" if answer.status_code >= 500 else ""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        return self.request("GET", path, headers=headers)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with a client of its own. ``path`` may be a whole URL.

        :raises UnexpectedAnswer: none came.
        """
        url = path if "://" in path else self.origin + path
        try:
            with self.client() as client:
                return client.request(method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise UnexpectedAnswer(f"{method} {url} ({self._way}) was not answered: {error}") from None


def expected(answer: requests.Response, status: int) -> dict[str, Any]:
    """The JSON object of an answer.

    :raises UnexpectedAnswer: it has another status, or is no JSON object.
    """
    said = f"{answer.request.method} {answer.url} was answered with {answer.status_code}"
    if answer.status_code != status:
        raise UnexpectedAnswer(f"{said} instead of {status}: {answer.text[:500]}")
    if "json" not in answer.headers.get("Content-Type", ""):
        raise UnexpectedAnswer(f"{said} and without JSON")
    body: dict[str, Any] = answer.json()
    return body


def origin(deployment: Deployment) -> str:
    """Where a deployment's app is reached."""
    return f"https://{deployment.domain}" if deployment.domain else f"http://{deployment.published[0]}"
