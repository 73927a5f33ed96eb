"""What the programs call themselves in logs, signals and health answers."""

from importlib.metadata import version

API = "socialize-api"
WORKER = "socialize-worker"
VERSION = version("socialize")
