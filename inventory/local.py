"""This machine, as root: needs only Python, a Debian mirror and PyPI. Its settings: group_data/local.py."""

local = ["@local"]
