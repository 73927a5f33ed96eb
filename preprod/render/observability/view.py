"""What every part of the overlay is rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from preprod.contract import Contract
from preprod.images import Chosen
from preprod.observability import ComponentName
from preprod.settings import Settings


@dataclass(frozen=True)
class View:
    """One host's overlay: its settings, the image of every component that runs, the app's contract."""

    settings: Settings
    chosen: Mapping[str, Chosen]
    contract: Contract

    def has(self, component: ComponentName) -> bool:
        """Whether the component runs."""
        return component in self.chosen

    @property
    def prometheus_takes_otlp(self) -> bool:
        """Debian builds its Prometheus without the OTLP receiver (its changelog of 2.53 says so)."""
        return self.chosen["prometheus"].flavour == "official"

    @property
    def app_is_scraped(self) -> bool:
        """Whether Prometheus fetches the app's metrics instead of being sent them."""
        return self.settings.metrics_transport == "scrape" or not self.prometheus_takes_otlp
