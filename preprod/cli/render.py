"""The verb ``render``: what follows from a telemetry contract, written to a directory."""

from __future__ import annotations

from pathlib import Path

import click

from preprod.contract import Contract, ContractError, load
from preprod.observability import USUAL
from preprod.render import dashboards, rules, runbooks
from preprod.render.alerts_page import everything, jobs
from preprod.render.contract_page import page
from preprod.render.emitter import emitter
from preprod.render.observability import alloy
from preprod.render.observability.view import View
from preprod.render.recipes import choose
from preprod.settings import Settings


@click.command()
@click.option("--contract", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The contract, YAML.")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Made if it is not there.")
def render(contract: Path, out: Path) -> int:
    """Write what follows from a telemetry contract: page, emitter, rules, tests, runbooks, dashboards, redaction."""
    try:
        read = load(contract)
    except ContractError as error:
        raise click.ClickException(str(error)) from None
    texts = {
        "contract.md": page(read, contract.name),
        "emitter.py": emitter(read),
        **_rules(read),
        **_runbooks(read),
        **_dashboards(read),
        **_redaction(read),
    }
    for name, text in texts.items():
        click.echo(_written(out / name, text))
    return 0


def _rules(contract: Contract) -> dict[str, str]:
    """With the default settings; a host's own stand in its bundle."""
    watched = rules.Watched(Settings(), contract, frozenset())
    made, tests = rules.texts(rules.of_contract(watched), watched)
    folders = {"prometheus/rules": made, "prometheus/tests": tests}
    return {f"{folder}/{name}.yml": text for folder, texts in folders.items() for name, text in texts.items()}


def _runbooks(contract: Contract) -> dict[str, str]:
    """Those of a whole host: alerts link to them by one address."""
    places = runbooks.Places({contract.application: "../contract.md"})
    texts = runbooks.texts([everything(contract)], jobs(), places)
    return {f"runbooks/{name}.md": text for name, text in texts.items()}


def _dashboards(contract: Contract) -> dict[str, str]:
    watched = rules.Watched(Settings(), contract, frozenset(USUAL))
    texts = dashboards.texts(dashboards.of_contract(watched), watched)
    return {f"grafana/dashboards/{name}": text for name, text in texts.items()}


def _redaction(contract: Contract) -> dict[str, str]:
    """Alloy's whole configuration: what it takes out of each signal is the contract's."""
    settings = Settings(observability=True)
    files = alloy.files(View(settings, choose(settings, had=()), contract))
    return {path: file.text for path, file in files.items() if path.endswith(".alloy")}


def _written(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written ({error.strerror}): name another --out") from None
    return path
