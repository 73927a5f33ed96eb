"""The observability overlay of a host, on those that have it."""
