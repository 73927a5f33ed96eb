"""What keeps signals and shows them: Prometheus, Alertmanager, Loki, Tempo, Grafana, and Alloy in front of them."""

from __future__ import annotations

from preprod.images import OWN_PREFIX, Component, Image, asked_by_bash, asked_by_wget, image_pair

_NOBODY = 65534

# Once it runs, its files of passwords are there to be found: the whole check.
_PROMETHEUS_CHECK = ("promtool", "check", "config", "/etc/prometheus/prometheus.yml")
_PROMETHEUS_RELOAD = ("/etc/prometheus/reload.sh", "9090", "prometheus", *_PROMETHEUS_CHECK)
_ALERTMANAGER_CHECK = ("sh", "/etc/alertmanager/check.sh")
_ALERTMANAGER_RELOAD = ("/etc/alertmanager/reload.sh", "9093", "alertmanager", *_ALERTMANAGER_CHECK)

_PROMETHEUS, _PROMETHEUS_PACKAGED = image_pair(
    Image(
        reference="prom/prometheus:v3.13.2",
        uid=_NOBODY,
        gid=_NOBODY,
        health=asked_by_wget(9090, "/-/ready"),
        data_path="/prometheus",
        data_volume="prometheus-data",
        config_path="/etc/prometheus",
        check=("sh", "/etc/prometheus/check.sh"),
        reload=("sh", *_PROMETHEUS_RELOAD),
    ),
    reference=f"{OWN_PREFIX}/prometheus",
    version="2.53",
    health=asked_by_bash(9090, "/-/ready"),
    reload=("bash", *_PROMETHEUS_RELOAD),
)

PROMETHEUS = Component(
    name="prometheus",
    version="3.13.2",
    official=_PROMETHEUS,
    packaged=_PROMETHEUS_PACKAGED,
    memory_mb=768,
    cpus=1.0,
    pids=200,
    ports=(9090,),
    keeps="retention.metrics_days, retention.metrics_gb",
)

_LONGTERM = {"data_volume": "longterm-data", "check": _PROMETHEUS_CHECK}
LONGTERM = PROMETHEUS.model_copy(
    update={
        "name": "longterm",
        "official": _PROMETHEUS.model_copy(update=_LONGTERM),
        "packaged": _PROMETHEUS_PACKAGED.model_copy(update=_LONGTERM),
        "memory_mb": 256,
        "cpus": 0.5,
        "keeps": "retention.longterm_days",
    }
)

_ALERTMANAGER, _ALERTMANAGER_PACKAGED = image_pair(
    Image(
        reference="prom/alertmanager:v0.34.0",
        uid=_NOBODY,
        gid=_NOBODY,
        health=asked_by_wget(9093, "/-/ready"),
        data_path="/alertmanager",
        data_volume="alertmanager-data",
        config_path="/etc/alertmanager",
        check=_ALERTMANAGER_CHECK,
        reload=("sh", *_ALERTMANAGER_RELOAD),
    ),
    reference=f"{OWN_PREFIX}/alertmanager",
    version="0.28",
    health=asked_by_bash(9093, "/-/ready"),
    reload=("bash", *_ALERTMANAGER_RELOAD),
)

ALERTMANAGER = Component(
    name="alertmanager",
    version="0.34.0",
    official=_ALERTMANAGER,
    packaged=_ALERTMANAGER_PACKAGED,
    memory_mb=128,
    cpus=0.25,
    pids=100,
    ports=(9093,),
)

LOKI = Component(
    name="loki",
    version="3.7.6",
    official=Image(
        reference="grafana/loki:3.7.6",
        uid=10001,
        gid=10001,
        health=("CMD", "/usr/bin/loki", "-health"),
        data_path="/loki",
        data_volume="loki-data",
        config_path="/etc/loki",
        check=("/usr/bin/loki", "-config.file=/etc/loki/loki.yaml", "-verify-config"),
    ),
    packaged=None,
    memory_mb=512,
    cpus=1.0,
    pids=200,
    ports=(3100,),
    keeps="retention.logs_days, retention.logs_days_by_level, retention.audit_logs_days",
)

TEMPO = Component(
    name="tempo",
    version="3.0.3",
    official=Image(
        reference="grafana/tempo:3.0.3",
        uid=10001,
        gid=10001,
        health=("CMD", "/tempo", "-health"),
        data_path="/var/tempo",
        data_volume="tempo-data",
        config_path="/etc/tempo",
        # Spelled so: a bare -config.verify is refused ("flag needs an argument").
        check=("/tempo", "-config.file=/etc/tempo/tempo.yaml", "-config.verify=true"),
    ),
    packaged=None,
    # A backlog of an hour (240 MB) took 530 MB, of which the limit of then, 537, left 1 %.
    memory_mb=640,
    cpus=1.0,
    pids=200,
    ports=(3200, 4317),
    keeps="retention.traces_days",
)

ALLOY = Component(
    name="alloy",
    version="1.18.1",
    official=Image(
        reference="grafana/alloy:v1.18.1",
        # The files of Docker's json-file driver belong to root; it gets no capability.
        uid=0,
        gid=0,
        health=asked_by_bash(12345, "/-/ready"),
        # Not the image's own directory: that belongs to uid 473, and root without capabilities may not write there.
        data_path="/data",
        data_volume="alloy-data",
        config_path="/etc/alloy",
        # otelcol.storage.file, the queue on disk, is in public preview.
        check=("/bin/alloy", "validate", "--stability.level=public-preview", "/etc/alloy/config.alloy"),
        reload=("bash", "/etc/alloy/reload.sh"),
    ),
    packaged=None,
    memory_mb=512,
    cpus=1.0,
    pids=200,
    ports=(4317, 4318, 12345),
)

GRAFANA = Component(
    name="grafana",
    version="13.2.3",
    official=Image(
        reference="grafana/grafana:13.2.3",
        uid=472,
        gid=0,
        health=asked_by_wget(3000, "/api/health"),
        data_path="/var/lib/grafana",
        data_volume="grafana-data",
        config_path="/etc/grafana/provisioning",
    ),
    packaged=None,
    memory_mb=512,
    cpus=1.0,
    pids=200,
    ports=(3000,),
)
