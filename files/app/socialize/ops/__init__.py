"""The operations page: how this deployment is, for its administrators.

The browser asks nobody but the app; the app asks Prometheus and Alertmanager, where they are configured.
"""
