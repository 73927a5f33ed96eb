"""What changes a host: pyinfra operations that compare state and do only what is missing."""
