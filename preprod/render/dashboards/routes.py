"""Route groups in PromQL, over whichever time Grafana shows."""

from __future__ import annotations

from preprod.contract.model import Http, RouteGroup
from preprod.render.rules.promql import matcher


def rate(metric: str, http: Http, group: RouteGroup, window: str, by: str = "job", more: str = "") -> str:
    """Rate of a group, of which each route has a selector of its own: methods and routes do not multiply.

    :param window: as PromQL, or Grafana, writes it.
    """
    job = matcher("job", [http.service])
    operations = (route.partition(" ") for route in group.routes)
    rates = (
        f"rate({metric}{{{job},{matcher('http_request_method', [method])},{matcher('http_route', [route])}{more}}}"
        f"[{window}])"
        for method, _, route in operations
    )
    return f"sum by ({by}) ({' or '.join(rates)})"
