"""What Prometheus is asked, in its language. The recorded series are those of the package's rules."""

from socialize.about import API
from socialize.signals import (
    COMMENTS,
    CONTENT_ITEMS,
    DECISIONS,
    FEEDBACK,
    INVITES,
    LOGIN_ATTEMPTS,
    LOGIN_SUCCESSES,
    ORGANIZATIONS,
    WORKSPACES,
)

USAGE = {
    LOGIN_ATTEMPTS.name: "Log-ins tried",
    LOGIN_SUCCESSES.name: "Log-ins",
    ORGANIZATIONS.name: "Organizations made",
    WORKSPACES.name: "Workspaces made",
    CONTENT_ITEMS.name: "Content items made",
    COMMENTS.name: "Comments",
    DECISIONS.name: "Approval decisions",
    INVITES.name: "Invites",
    FEEDBACK.name: "Feedback",
}
"""Names of the counters of the kind `usage` in the telemetry contract, and what people call them."""

GROUP, COUNTER = "route_group", "counter"
_JOB = f'job="{API}"'
_ERRORS = "route_group:http_server_errors:ratio_rate"
_REQUESTS = "route_group:http_server_requests:rate"


def _usage(window: str) -> str:
    def grown(counter: str) -> str:
        metric = counter.replace(".", "_") + "_total"
        return f'label_replace(sum(increase({metric}{{{_JOB}}}[{window}])), "{COUNTER}", "{counter}", "", "")'

    return " or ".join(map(grown, USAGE))


def _of_groups(expression: str) -> str:
    return f"max by ({GROUP}) ({expression})"


OBJECTIVE = _of_groups(f"route_group:http_server_availability:objective{{{_JOB}}}")
ERRORS = _of_groups(f"{_ERRORS}1h{{{_JOB}}}")
ERRORS_30D = _of_groups(
    f"sum_over_time(({_ERRORS}5m{{{_JOB}}} * {_REQUESTS}5m{{{_JOB}}})[30d:5m])"
    f" / ignoring(__name__) (sum_over_time({_REQUESTS}5m{{{_JOB}}}[30d:5m]) > 0)"
)
"""Failed among all requests of 30 days: in an average of ratios each quiet hour would weigh as much."""
USAGE_DAY = _usage("1d")
USAGE_WEEK = _usage("7d")

QUERIES = (OBJECTIVE, ERRORS, ERRORS_30D, USAGE_DAY, USAGE_WEEK)
