"""For this machine: nothing but the distribution's packages and PyPI, nothing reachable from outside."""

docker_source = "distribution"
image_source = "packages"
firewall = False

# The host watches itself and the app with what the distribution packages; Loki, Tempo, Alloy and Grafana it does not.
observability = True
observability_components = (
    "prometheus",
    "alertmanager",
    "engine-proxy",
    "node-exporter",
    "postgres-exporter",
    "blackbox-exporter",
)
