"""The verb ``render``: what follows from a telemetry contract, written to a directory."""

from __future__ import annotations

from pathlib import Path

import click

from preprod.contract import ContractError, load
from preprod.render.contract_page import page
from preprod.render.emitter import emitter


@click.command()
@click.option("--contract", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The contract, YAML.")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Made if it is not there.")
def render(contract: Path, out: Path) -> int:
    """Write what follows from a telemetry contract: its reference page, and an emitter of its signals."""
    try:
        read = load(contract)
    except ContractError as error:
        raise click.ClickException(str(error)) from None
    for name, text in {"contract.md": page(read, contract.name), "emitter.py": emitter(read)}.items():
        click.echo(_written(out / name, text))
    return 0


def _written(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written ({error.strerror}): name another --out") from None
    return path
