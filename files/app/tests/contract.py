"""The telemetry contract of the app, read as plainly as the test needs it."""

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parents[2] / "contracts" / "socialize.yaml"
_SERVER = ("http.request.method", "http.route", "http.response.status_code", "url.scheme")
_MESSAGING = ("messaging.system", "messaging.destination.name", "messaging.operation.name")


@dataclass(frozen=True)
class SpanKind:
    """A kind of span: a pattern for its name, who emits it, and what it may carry."""

    pattern: str
    kind: str
    services: tuple[str, ...]
    attributes: frozenset[str]
    link: bool = False


class Contract:
    """What is listed in the file."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
        self.services = tuple(self.document["services"])

    def metrics(self, service: str) -> dict[str, dict[str, Any]]:
        """Metrics of a service: name to what stands there, with `type` and, for labels, lists of values."""
        found = {}
        for section in ("counters", "histograms", "gauges"):
            for name, metric in self.document[section].items():
                if service in metric.get("services", self.services):
                    labels = {
                        label: list(self.document[allowed]) if isinstance(allowed, str) else allowed
                        for label, allowed in metric.get("labels", {}).items()
                    }
                    found[name] = metric | {"type": section, "labels": labels}
        return found

    def combinations(self, metric: dict[str, Any]) -> set[frozenset[tuple[str, str]]]:
        """Every combination of the labels of a metric."""
        labels = metric["labels"]
        return {frozenset(zip(labels, chosen, strict=True)) for chosen in product(*labels.values())}

    def operations(self) -> set[str]:
        """Every observed route, as "METHOD /template"."""
        return {route for group in self.document["http"]["groups"].values() for route in group["routes"]}

    def span_kinds(self) -> list[SpanKind]:
        """Every kind of span."""
        document = self.document
        common = document["spans"]["common_attributes"]
        server = frozenset((*_SERVER, "network.protocol.version", *common))
        api = (document["http"]["service"],)
        kinds = [
            SpanKind("|".join(map(re.escape, self.operations())), "server", api, server),
            SpanKind("[A-Z]+", "server", api, server - {"http.route"}),
        ]
        for name, queue in document["queues"].items():
            attributes = frozenset((*_MESSAGING, "messaging.operation.type", *queue["attributes"], *common))
            kinds.append(SpanKind(f"send {name}", "producer", tuple(queue["publishers"]), attributes))
            kinds.append(SpanKind(f"process {name}", "consumer", tuple(queue["consumers"]), attributes, True))
        for called in document["dependencies"].values():
            pattern = re.sub(r"\\\{.*?\\\}", r"\\S+", re.escape(called["span"]))
            attributes = frozenset((*called["attributes"], *common))
            kinds.append(
                SpanKind(pattern, "client", tuple(called.get("services", self.services)), attributes)
            )
        return kinds
