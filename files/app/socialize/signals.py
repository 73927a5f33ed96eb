"""Every metric of the app: its name, unit and labels with all their values. There are no others.

The names are those of the telemetry contract, which the tests hold this against.
"""

from socialize.about import API, WORKER
from socialize.instruments import Counter, Gauge, Histogram, Metric, UpDownCounter

SEND_INVITE = "send_invite"
CLEAN_UP = "clean_up"
JOBS = (SEND_INVITE, CLEAN_UP)
"""Every kind of background job."""
HTTP_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "_OTHER")
POOL = "main"

_BOTH = (API, WORKER)

LOGIN_ATTEMPTS = Counter("socialize.login.attempts", "{attempt}", "Log-ins tried, whatever came of them.")
LOGIN_SUCCESSES = Counter("socialize.login.successes", "{login}", "Log-ins that gave a session.")
ORGANIZATIONS = Counter("socialize.organizations.created", "{organization}", "Organizations made.")
WORKSPACES = Counter("socialize.workspaces.created", "{workspace}", "Workspaces made.")
CONTENT_ITEMS = Counter("socialize.content_items.created", "{item}", "Content items made.")
COMMENTS = Counter("socialize.comments.created", "{comment}", "Comments written.")
DECISIONS = Counter(
    "socialize.approval.decisions",
    "{decision}",
    "Decisions on content items.",
    labels={"socialize.decision": ("approved", "rejected")},
)
FEEDBACK = Counter(
    "socialize.feedback.reports",
    "{report}",
    "Feedback sent in; a bug is worth a look at once.",
    labels={"socialize.feedback.type": ("bug", "idea")},
)
INVITES = Counter(
    "socialize.invites.created",
    "{invite}",
    "Invites into a workspace, counted when they are made, not when the e-mail goes out.",
)

AUTHENTICATION_FAILURES = Counter(
    "socialize.authentication.failures",
    "{failure}",
    "Requests refused because of who asked; which half of a log-in was wrong is not told.",
    labels={"error.type": ("bad_credentials", "invalid_session", "rate_limited")},
)
EMAIL_FAILURES = Counter(
    "socialize.email.failures",
    "{failure}",
    "E-mails that the SMTP server did not take, one per try.",
    (WORKER,),
    {"error.type": ("connection", "timeout", "tls", "authentication", "rejected", "_OTHER")},
)
BLOB_FAILURES = Counter(
    "socialize.blob.failures",
    "{failure}",
    "Operations on blob storage (filesystem or S3) that failed; a blob that is not there is no failure.",
    _BOTH,
    {
        "socialize.blob.operation": ("put", "get", "delete", "check"),
        "error.type": ("connection", "timeout", "denied", "full", "_OTHER"),
    },
)
JOB_FAILURES = Counter(
    "socialize.job.failures",
    "{failure}",
    "Runs of a job that failed; `retry` comes again, `dead` is given up and kept as a dead letter.",
    (WORKER,),
    {"socialize.job.name": JOBS, "socialize.job.outcome": ("retry", "dead")},
)
OUTBOUND_HTTP_FAILURES = Counter(
    "socialize.outbound_http.failures",
    "{failure}",
    "Outbound HTTP calls that got no answer, or one of 400 and above; one per try.",
    _BOTH,
    {
        "socialize.dependency": ("blob_store",),
        "error.type": ("connection", "timeout", "tls", "client_error", "server_error"),
    },
)
SPANS_LOST = Counter(
    "socialize.spans.lost",
    "{span}",
    "Spans given up: more than wait while the receiver is away, or refused by it for good.",
    _BOTH,
    {"error.type": ("queue_full", "client_error", "server_error", "_OTHER")},
)
METRIC_EXPORT_FAILURES = Counter(
    "socialize.metric_export.failures",
    "{export}",
    "Exports of metrics that did not arrive; the next one makes up for the counts, not for the moment.",
    _BOTH,
    {"error.type": ("connection", "timeout", "tls", "client_error", "server_error", "_OTHER")},
)
JOBS_ENQUEUED = Counter(
    "socialize.jobs.enqueued",
    "{job}",
    "Jobs put into the queue, by requests (API) and by schedule (worker).",
    _BOTH,
    {"socialize.job.name": JOBS},
)
POOL_TIMEOUTS = Counter(
    "db.client.connection.timeouts",
    "{timeout}",
    "Waits for a database connection that ended without one.",
    _BOTH,
    {"db.client.connection.pool.name": (POOL,)},
)

REQUEST_DURATION = Histogram(
    "http.server.request.duration",
    "s",
    "Time to answer a request.",
    labels=dict.fromkeys(
        (
            "http.request.method",
            "http.route",
            "http.response.status_code",
            "url.scheme",
            "network.protocol.version",
            "error.type",
        ),
        (),
    ),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
)
JOB_DURATION = Histogram(
    "socialize.job.duration",
    "s",
    "Time that a run of a job took, failed ones too.",
    (WORKER,),
    {"socialize.job.name": JOBS},
    (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
)
JOB_WAIT = Histogram(
    "socialize.job.wait",
    "s",
    "Time from the moment a job was due until a worker took it.",
    (WORKER,),
    {"socialize.job.name": JOBS},
    (0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600),
)
LCP = Histogram(
    "socialize.web_vital.lcp",
    "s",
    "Largest Contentful Paint.",
    buckets=(0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 10),
)
INP = Histogram(
    "socialize.web_vital.inp",
    "s",
    "Interaction to Next Paint.",
    buckets=(0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 1, 2),
)
CLS = Histogram(
    "socialize.web_vital.cls",
    "1",
    "Cumulative Layout Shift; a score without a dimension.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1),
)

ACTIVE_REQUESTS = UpDownCounter(
    "http.server.active_requests",
    "{request}",
    "Requests being served.",
    labels={"http.request.method": HTTP_METHODS, "url.scheme": ("http", "https")},
)
QUEUE_DEPTH = Gauge(
    "socialize.queue.depth",
    "{job}",
    "Jobs in the queue; `waiting` includes those not yet due, `dead` are dead letters.",
    labels={"socialize.queue.state": ("waiting", "running", "dead")},
)
QUEUE_OLDEST_AGE = Gauge(
    "socialize.queue.oldest_age", "s", "Time since the oldest waiting job was due; 0 when none is."
)
HEARTBEAT_AGE = Gauge(
    "socialize.worker.heartbeat_age",
    "s",
    "Time since any worker last said that it lives; without any heartbeat, since the API process started.",
)
POOL_CONNECTIONS = Gauge(
    "db.client.connection.count",
    "{connection}",
    "Connections of the pool.",
    _BOTH,
    {"db.client.connection.pool.name": (POOL,), "db.client.connection.state": ("idle", "used")},
)
POOL_MAX = Gauge(
    "db.client.connection.max",
    "{connection}",
    "Most connections that the pool may open.",
    _BOTH,
    {"db.client.connection.pool.name": (POOL,)},
)

METRICS: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def start_counters(service: str) -> None:
    """Export zero for every counter of the service."""
    for metric in METRICS:
        if isinstance(metric, Counter) and service in metric.services:
            metric.start()
