"""What may be asked, and what is left of the answers.

The requests are those of ``discovery.docker`` in Alloy 1.18 and of Prometheus' ``docker_sd_configs``: the negotiation
of a version, the running containers, the networks (prometheus/discovery/moby/docker.go, network.go). What they make
no use of is taken out of the answers: commands, mounts, ids of images, options and addresses of networks, labels but
Compose's. Environment variables stand in none of these answers, and ``/containers/<id>/json``, where they do, is not
among the requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

REFUSED = "engine-proxy answers GET and HEAD of /_ping, /containers/json and /networks, with filters at most."

LABELS = tuple(f"com.docker.compose.{name}" for name in ("project", "service", "container-number", "oneoff", "version"))
"""Labels that are passed on: which service a container or a network belongs to."""

HEADERS = ("api-version", "ostype", "content-type")
"""Headers of the engine's answers that are passed on; clients choose their API version by them."""

_PATH = re.compile(r"(?P<version>/v[0-9]{1,3}\.[0-9]{1,3})?(?P<path>/_ping|/containers/json|/networks)")
_CONTAINER = ("Id", "Names", "Image", "Created", "Ports", "State", "Status")
_NETWORK = ("Id", "Name", "Scope", "Driver", "Internal", "Ingress")
_ENDPOINT = ("NetworkID", "IPAddress", "GlobalIPv6Address")


class Refused(Exception):
    """A request that is not answered."""


class Request:
    """A request that is answered."""

    def __init__(self, target: str) -> None:
        """Read a request's target, as in ``/v1.41/networks?filters=...``.

        :raises Refused: it is none of the known ones.
        """
        parts = urlsplit(target) if target.startswith("/") else None
        match = _PATH.fullmatch(parts.path) if parts else None
        if parts is None or match is None:
            raise Refused(REFUSED)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if any(name != "filters" for name, _ in query) or (query and match["path"] == "/_ping"):
            raise Refused(REFUSED)
        self.path = match["path"]
        # Put together from what was understood: nothing else of the request reaches the engine.
        self.target = parts.path + (f"?{urlencode(query)}" if query else "")

    def filtered(self, body: bytes) -> bytes:
        """The engine's answer without what nobody needs.

        :raises ValueError: it is not what the engine's API says it is.
        """
        if self.path not in _FILTERS:
            return body
        try:
            return json.dumps([_FILTERS[self.path](item) for item in json.loads(body)]).encode()
        except (AttributeError, TypeError) as error:
            raise ValueError(f"the engine's answer has another shape: {error}") from error


def _container(found: dict[str, Any]) -> dict[str, Any]:
    networks = (found.get("NetworkSettings") or {}).get("Networks") or {}
    return {
        **_some(found, _CONTAINER),
        "Labels": _some(found.get("Labels"), LABELS),
        "HostConfig": _some(found.get("HostConfig"), ("NetworkMode",)),
        "NetworkSettings": {"Networks": {name: _some(network, _ENDPOINT) for name, network in networks.items()}},
    }


def _network(found: dict[str, Any]) -> dict[str, Any]:
    return {**_some(found, _NETWORK), "Labels": _some(found.get("Labels"), LABELS)}


def _some(found: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found} if found else {}


_FILTERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/containers/json": _container,
    "/networks": _network,
}
