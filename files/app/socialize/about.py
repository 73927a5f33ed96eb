"""What this program calls itself in logs and in health answers."""

from importlib.metadata import version

SERVICE = "socialize-api"
VERSION = version("socialize")
