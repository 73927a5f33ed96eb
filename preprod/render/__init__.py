"""Settings and catalogue in, files out: pure functions, nothing here knows pyinfra or a host."""
