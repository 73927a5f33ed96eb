"""What other containers may know of the Docker engine: a few GET requests, filtered, and the metrics of containers."""
