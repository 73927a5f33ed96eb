"""For this machine: nothing but the distribution's packages and PyPI, nothing reachable from outside."""

docker_source = "distribution"
image_source = "packages"
firewall = False
