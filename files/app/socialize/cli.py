"""The command `socialize`."""

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from socialize.settings import Settings


def main() -> NoReturn:
    """Run the command; exits 0 on success, 1 on failure, 2 on wrong arguments or settings."""
    parser = argparse.ArgumentParser(prog="socialize", description="The reference Socialize API.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="serve the API until SIGTERM")
    verbs.add_parser("worker", help="do background jobs until SIGTERM")
    verbs.add_parser("migrate", help="bring the database to the newest revision")
    health = verbs.add_parser("healthcheck", help="ask the server or worker on this machine how it is")
    health.add_argument("which", nargs="?", choices=["live", "ready", "worker"], default="ready")
    admin = verbs.add_parser("admin", help="say who administers this deployment")
    admin.add_argument("what", choices=["grant", "revoke", "list"])
    admin.add_argument("email", nargs="?", help="e-mail address of a registered user")
    verbs.add_parser("version", help="print the version")
    sys.exit(_run(parser.parse_args()))


# Imports happen in the verbs: a health check every few seconds must not load the whole app.
def _run(arguments: argparse.Namespace) -> int:
    if arguments.verb == "healthcheck":
        from socialize.healthcheck import check, check_worker

        return check_worker() if arguments.which == "worker" else check(arguments.which)
    if arguments.verb == "version":
        from socialize.about import VERSION

        print(VERSION)
        return 0
    return _run_with_settings(arguments.verb, arguments)


def _run_with_settings(verb: str, arguments: argparse.Namespace) -> int:
    from socialize.about import API, WORKER
    from socialize.logs import configure_logging
    from socialize.settings import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"socialize: {error}", file=sys.stderr)
        return 2
    configure_logging(WORKER if verb == "worker" else API, settings.environment, settings.log_level)
    if verb == "serve":
        from socialize.server import serve

        serve(settings)
        return 0
    if verb == "worker":
        from socialize.worker import work

        work(settings)
        return 0
    if verb == "admin":
        return _admin(settings, arguments.what, arguments.email)
    return _migrate(settings)


def _admin(settings: "Settings", what: str, email: str | None) -> int:
    from socialize.admins import AdminsError, administrators, set_role
    from socialize.logs import keep_audit_lines

    if (what == "list") == bool(email):
        wanted = "takes no e-mail address" if email else "needs the e-mail address of a registered user"
        print(f"socialize: admin {what} {wanted}", file=sys.stderr)
        return 2
    try:
        if email:
            keep_audit_lines()
            set_role(settings, email, "admin" if what == "grant" else "user")
        else:
            print(*administrators(settings), sep="\n")
    except AdminsError as error:
        print(f"socialize: nothing was changed: {error}", file=sys.stderr)
        return 1
    return 0


def _migrate(settings: "Settings") -> int:
    from socialize.migrate import MigrationError, head, is_newer, upgrade

    try:
        found = upgrade(settings)
    except MigrationError as error:
        print(f"socialize: cannot migrate: {error}", file=sys.stderr)
        return 1
    newer = f", newer than {head()}, which this version knows; it is left as it is" if is_newer(found) else ""
    print(f"socialize: the database is at {found}{newer}", file=sys.stderr)
    return 0
