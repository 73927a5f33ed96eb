"""Where things lie on a host. Fixed: a suite and a runbook must be able to name them."""

BASE = "/srv/preprod"
"""Rendered files, and nothing else: the bundle's root, Compose's project directory."""

MANIFEST = f"{BASE}/manifest.json"
"""What was deployed: the only memory of this package on a host."""

SECRETS = "/etc/preprod/secrets"
"""One directory a service, one file a secret, readable by that service's uid alone."""

STATE = f"{BASE}/.state"
"""Work in progress, mode 0700, on the file system of BASE so that a rename is atomic: staged files, the version
before a reload, reload stamps."""

COMPOSE_PLUGIN = "/usr/local/lib/docker/cli-plugins/docker-compose"
"""First of the system-wide plugin directories that the Docker client searches."""

PROJECT = "socialize"
"""The Compose project, and so the prefix of containers, networks and volumes."""
