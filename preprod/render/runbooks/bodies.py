"""The hand-written part of a runbook: a template of the alert's own, or of the kind of expectation that makes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from preprod.contract import Contract, Signal, signals
from preprod.contract.names import label_name
from preprod.render.observability.prometheus import app_jobs
from preprod.render.rules.promql import selector
from preprod.render.rules.rule import duration, number
from preprod.render.runbooks import commands
from preprod.render.runbooks.facts import Made
from preprod.render.templates import ROOT, rendered

HEADINGS = ("What it means", "Confirm", "What to do", "How to tell that it is over")
TEMPLATES = ROOT / "templates" / "runbooks"

Link = Callable[[str], str]
"""Name of an alert -> a link to its runbook."""

Sections = dict[str, dict[str, str]]
"""Heading -> text by whose it is; one text, of nobody in particular, where all say the same."""


def sections(made: Iterable[Made], link: Link, services_page: str) -> Sections:
    """The four parts of a runbook.

    :param made: all alerts of one name.
    :param services_page: a link to the page of the services, or its name.
    :raises LookupError: there is no template for it.
    """
    bodies: dict[str, dict[str, str]] = {}
    several = list(made)
    components = {one.alert.component for one in several}
    for one in several:
        if (whose := one.whose) not in bodies:
            bodies[whose] = _split(_body(one, components, link, services_page))
    texts = {heading: {whose: body[heading] for whose, body in bodies.items()} for heading in HEADINGS}
    return {heading: _once(said) for heading, said in texts.items()}


def _once(said: dict[str, str]) -> dict[str, str]:
    return {"": next(iter(said.values()))} if len(set(said.values())) == 1 else said


def _split(body: str) -> dict[str, str]:
    _, *parts = re.split(r"(?m)^## (.+)\n", body)
    return {heading: text.strip() for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def template(made: Made) -> str:
    """The template of an alert.

    :raises LookupError: there is none.
    """
    found = next((name for name in _candidates(made) if (TEMPLATES / name).exists()), None)
    if not found:
        raise LookupError(f"{made.alert.alert} has no runbook: write templates/runbooks/{next(_candidates(made))}")
    return f"runbooks/{found}"


def _candidates(made: Made) -> Iterator[str]:
    name = f"{made.alert.alert}.md.j2"
    if made.signal and made.contract:
        yield f"{made.contract.application}/{name}"
        yield f"families/{family(made.signal, made.alert.alert)}.md.j2"
    else:
        yield name


def family(signal: Signal, alert: str) -> str:
    """The kind of expectation that makes an alert."""
    expect = signal.expect
    assert expect
    if signal.instrument == "histogram":
        return "quantile"
    if signal.instrument == "gauge":
        return "share_of_gauge" if expect.of else "gauge"
    if expect.of:
        return "share"
    if expect.at_least is not None:
        return "quiet"
    if not expect.at_most:
        return "failures"
    return "unusual" if alert.endswith("Unusual") else "many"


def _body(made: Made, components: Collection[str], link: Link, services_page: str) -> str:
    tools = (commands.compose, commands.container, commands.inside, commands.logs, commands.query, commands.sql)
    about = _about_signal(made.contract, made.signal) if made.contract and made.signal else {}
    return rendered(
        template(made),
        alert=made.alert,
        made=made,
        components=components,
        link=link,
        services_page=services_page,
        number=number,
        **{tool.__name__: tool for tool in tools},
        **about,
    )


def _about_signal(contract: Contract, signal: Signal) -> dict[str, object]:
    assert signal.expect
    containers = {name: service for service, name in app_jobs(contract).items()}
    whole = next((other for other in signals(contract) if other.name == signal.expect.of), None)
    return {
        "signal": signal,
        "expect": signal.expect,
        "whole": whole,
        "services": [containers[name] for name in signal.services if name in containers],
        "metric": signal.prometheus,
        "series": selector(signal.prometheus, signal.services, signal.expect.where),
        "every": selector(whole.prometheus, whole.services) if whole else "",
        "by": ", ".join(["job", *map(label_name, signal.labels)]),
        "period": duration(signal.expect.per_seconds) if signal.expect.per_seconds else "",
        "bucket": selector(signal.exposed[0], signal.services),
        "count": selector(signal.exposed[-1], signal.services),
    }
