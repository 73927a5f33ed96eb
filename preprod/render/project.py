"""The whole bundle of a host: Compose file, configuration of every service, and the manifest that describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from preprod import contract, secrets
from preprod.images import Chosen
from preprod.paths import PROJECT
from preprod.preflight import grafana_url, published
from preprod.render import observability
from preprod.render.bundle import Bundle, File
from preprod.render.compose import ONE_SHOT, compose_yaml, environment, overlay_yaml
from preprod.render.observability import View
from preprod.render.templates import ROOT, rendered
from preprod.secrets import Step
from preprod.settings import Settings


def project(settings: Settings, chosen: Mapping[str, Chosen], steps: list[Step], commit: str) -> Bundle:
    """Every file of a host, the manifest last.

    :param chosen: component -> image, for every component that runs.
    :param steps: what happens to the secrets; only names and version numbers are used.
    :param commit: what the manifest records as the source of this deploy.
    :raises ContractError: the overlay is on, and the app's contract cannot be used.
    """
    bundle: dict[str, File] = {**_caddy(settings), **_postgres()}
    bundle["compose.yaml"] = File(compose_yaml(settings, chosen, bundle, steps))
    view = _view(settings, chosen)
    if view:
        bundle |= _overlay(view, steps)
    bundle["manifest.json"] = File(_manifest(settings, chosen, steps, commit, bundle, view))
    return bundle


def _view(settings: Settings, chosen: Mapping[str, Chosen]) -> View | None:
    if not settings.observability:
        return None
    return View(settings, chosen, contract.load(ROOT / settings.telemetry_contract))


def _overlay(view: View, steps: list[Step]) -> Bundle:
    files = dict(observability.files(view))
    files[".env"] = File(environment())
    files["compose.observability.yaml"] = File(overlay_yaml(view, files, steps))
    return files


def _caddy(settings: Settings) -> Bundle:
    files = {"caddy/Caddyfile": rendered("caddy/Caddyfile.j2", settings=settings)}
    if settings.acme_root:
        files["caddy/acme-root.pem"] = settings.acme_root
    return {path: File(text, takes_effect="reload", service="caddy") for path, text in files.items()}


def _postgres() -> Bundle:
    scripts = sorted((ROOT / "templates/postgres").glob("*.sh"))
    return {
        f"postgres/init/{path.name}": File(path.read_text(), mode=0o755, takes_effect="boot", service="postgres")
        for path in scripts
    }


def _manifest(
    settings: Settings,
    chosen: Mapping[str, Chosen],
    steps: list[Step],
    commit: str,
    bundle: Bundle,
    view: View | None,
) -> str:
    return (
        json.dumps(
            {
                "commit": commit,
                "project": PROJECT,
                "environment": settings.environment,
                "domain": settings.domain,
                "published": published(settings),
                "firewall": settings.firewall,
                "log_level": settings.log_level,
                "services": {name: _service(choice) for name, choice in chosen.items()},
                "one_shot": list(ONE_SHOT),
                "observability": _observability(view) if view else None,
                "secrets": {s.secret.name: [secrets.directory(r) for r in s.secret.readers] for s in steps},
                "files": {path: file.record for path, file in bundle.items()},
            },
            indent=2,
        )
        + "\n"
    )


def _service(choice: Chosen) -> dict[str, object]:
    component, image = choice.component, choice.image
    return {
        "image": choice.reference,
        "version": choice.version,
        "flavour": choice.flavour,
        "uid": image.uid,
        "gid": image.gid,
        "capabilities": list(image.capabilities),
        "memory_mb": component.memory_mb,
        "pids": component.pids,
        "data_path": image.data_path,
    }


def _observability(view: View) -> dict[str, object]:
    settings = view.settings
    return {
        "contract": settings.telemetry_contract,
        "app_metrics": "scrape" if view.app_is_scraped else "otlp",
        "scrape_interval": settings.scrape_interval,
        "outage_tolerance": settings.telemetry_outage_tolerance,
        "retention": settings.retention.model_dump(),
        "grafana": grafana_url(settings) if view.has("grafana") else None,
    }
