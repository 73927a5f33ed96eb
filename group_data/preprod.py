"""For the hosts of inventory/preprod.py."""

docker_source = "docker"
image_source = "registry"

# Published ports are reachable only as firewall_allow says (by default 80 and 443, from everywhere).
firewall = True

# Metrics, logs and traces of the host and the app; about 1.2 GB of memory. False leaves the app alone on the host.
observability = True
