"""What a host is like: pyinfra facts, each one round trip."""
