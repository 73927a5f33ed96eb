"""For the hosts of inventory/preprod.py."""

docker_source = "docker"
image_source = "registry"

# Published ports are reachable only as firewall_allow says (by default 80 and 443, from everywhere).
firewall = True
