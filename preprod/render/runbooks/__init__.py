"""A runbook for every alert, and their index: facts from the rules, what to do from `templates/runbooks`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from preprod.render import dashboards, rules
from preprod.render.observability.prometheus import app_jobs
from preprod.render.rules import Alert, Watched
from preprod.render.runbooks.bodies import HEADINGS, Sections, sections
from preprod.render.runbooks.facts import URGENCY, Made, alerts, conditions, messages, settings_behind
from preprod.render.templates import rendered

__all__ = ["HEADINGS", "INDEX", "POST_MORTEM", "Places", "every", "texts"]

INDEX, POST_MORTEM = "README", "post-mortem"
"""Pages that are no alert's."""


@dataclass(frozen=True)
class Places:
    """Where other pages lie, as seen from the runbooks."""

    contracts: Mapping[str, str]
    """Application -> its contract's page."""
    docs: str = ""
    """The folder of the package's own pages; empty where it is not at hand."""

    def setting(self, name: str) -> str:
        """A setting, linked where there is a page; of a part of one the page has the whole."""
        return f"[`{name}`]({self.docs}/settings.md#{name.partition('.')[0]})" if self.docs else f"`{name}`"

    def dashboard(self, uid: str, title: str) -> str:
        """A dashboard by its title, linked where there is a page, and its path in Grafana."""
        anchor = title.lower().replace(" ", "-")
        return f"{f'[{title}]({self.docs}/dashboards.md#{anchor})' if self.docs else title}, in Grafana `/d/{uid}`"

    @property
    def services(self) -> str:
        """The page of the services."""
        return f"[services]({self.docs}/services.md)" if self.docs else "`docs/services.md` of the package"


def every(watched: Iterable[Watched], jobs: Iterable[str]) -> dict[str, list[Made]]:
    """Name -> alerts: those of the apps by their contracts, and the host's own.

    :param watched: everything, for each contract; the host is that of the first.
    :param jobs: what Prometheus fetches.
    """
    several = list(watched)
    made = [Made(alert, one.contract) for one in several for alert in alerts(rules.of_contract(one))]
    apps = {one.alert.alert for one in made}
    own = [alert for alert in alerts(rules.of_host(several[0], jobs)) if alert.alert not in apps]
    found: dict[str, list[Made]] = {}
    for one in [*made, *(Made(alert, None) for alert in own)]:
        found.setdefault(one.alert.alert, []).append(one)
    return dict(sorted(found.items()))


def texts(watched: Iterable[Watched], jobs: Iterable[str], places: Places) -> dict[str, str]:
    """Name of a page -> its text.

    :param watched: everything, for each contract; the host is that of the first.
    :param jobs: what Prometheus fetches.
    :raises LookupError: an alert has no template.
    """
    several, named = list(watched), list(jobs)
    found = every(several, named)
    behind: dict[str, list[str]] = {}
    for one in several:
        for alert, settings in settings_behind(one, named).items():
            behind[alert] = list(dict.fromkeys([*behind.get(alert, []), *settings]))

    def link(name: str) -> str:
        # An app without HTTP has no alerts about it.
        if name not in found and not name.startswith("Http"):
            raise LookupError(f"a runbook names the alert {name}, which there is not")
        return f"[`{name}`]({name}.md)" if name in found else f"`{name}`"

    titles = {board.uid: board.title for one in several for board in dashboards.of_host(one, named)}
    bodies = {name: sections(made, link, places.services) for name, made in found.items()}
    pages = {name: _page(made, bodies[name], places, behind.get(name, []), titles) for name, made in found.items()}
    more = {INDEX: _index(found, bodies, several), POST_MORTEM: rendered("runbooks/post-mortem.md.j2")}
    return more | pages


def _page(made: list[Made], body: Sections, places: Places, settings: list[str], titles: Mapping[str, str]) -> str:
    sources: dict[str, list[str]] = {}
    for one in made:
        if one.source:
            sources.setdefault(one.whose, []).append(one.source)
    return rendered(
        "runbooks/page.md.j2",
        made=made,
        alert=made[0].alert,
        urgency=URGENCY,
        places=places,
        dashboard=places.dashboard(made[0].alert.dashboard, titles[made[0].alert.dashboard]),
        sources=sources,
        settings=settings,
        messages=messages(made),
        sections=body,
        conditions=conditions(made),
    )


def _index(found: Mapping[str, list[Made]], bodies: Mapping[str, Sections], watched: Iterable[Watched]) -> str:
    groups: dict[str, list[tuple[Alert, str]]] = {}
    for name, made in found.items():
        meaning = bodies[name][HEADINGS[0]]
        for group, app in _groups(made):
            first, *_ = re.split(r"(?<=\.)\s", meaning.get(app, meaning.get("", "")))
            groups.setdefault(group, []).append((made[0].alert, " ".join(first.split())))
    containers = {one.contract.application: app_jobs(one.contract) for one in watched}
    return rendered("runbooks/README.md.j2", groups=groups, urgency=URGENCY, containers=containers, headings=HEADINGS)


def _groups(made: list[Made]) -> list[tuple[str, str]]:
    """Where an alert stands in the index, and whose words are told there: with its apps, or with what it is about."""
    apps = list(dict.fromkeys(one.whose for one in made if one.whose))
    if made[0].signal:
        return [(f"app {app}", app) for app in apps]
    about = sorted({one.alert.component for one in made})
    # Of two Prometheus, the one after which its alerts are called.
    own = [one for one in about if len(about) == 1 or made[0].alert.alert.lower().startswith(one)]
    return [(own[0] if own and "{{" not in own[0] else "every target of Prometheus", "")]
