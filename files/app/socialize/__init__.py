"""The reference Socialize API.

Importing the package imports nothing else, so that `socialize healthcheck` starts fast.
"""
