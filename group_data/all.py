"""For every host; docs/settings.md lists what can be set."""

environment = "preprod"

# An unknown or changed host key is refused, never learned.
ssh_strict_host_key_checking = "yes"
