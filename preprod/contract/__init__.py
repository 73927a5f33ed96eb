"""The telemetry contract: what an app emits, and what it must never emit.

One YAML file per app is the single source; alerts, dashboards, redaction, checks and reference page are made from it.
"""

from preprod.contract.model import Contract
from preprod.contract.problems import ContractError
from preprod.contract.reading import load, loads
from preprod.contract.redactions import redactions
from preprod.contract.signals import Signal, Span, signals, spans

__all__ = ["Contract", "ContractError", "Signal", "Span", "load", "loads", "redactions", "signals", "spans"]
