"""The suite that operators run against their own deployed hosts."""
