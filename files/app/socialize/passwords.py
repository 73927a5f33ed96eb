"""Passwords: Argon2id hashes, made and checked off the event loop."""

import secrets

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, 2 passes, 1 lane. Four at a time bound the memory at
# 76 MiB however many people log in at once, so that log-ins cannot get the container killed.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_slots = CapacityLimiter(4)

# Checked for unknown users, so that the answer takes as long as for a wrong password.
_NOBODY = _hasher.hash(secrets.token_urlsafe())


async def hash_password(password: SecretStr) -> str:
    """The Argon2id hash in PHC string format."""
    return await to_thread.run_sync(_hasher.hash, password.get_secret_value(), limiter=_slots)


async def password_matches(password_hash: str | None, password: SecretStr) -> bool:
    """Whether the password belongs to the hash; None stands for an unknown user and never matches."""

    def check() -> bool:
        try:
            return _hasher.verify(password_hash or _NOBODY, password.get_secret_value())
        except VerifyMismatchError:
            return False

    return await to_thread.run_sync(check, limiter=_slots) and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's and should be made anew."""
    return _hasher.check_needs_rehash(password_hash)
