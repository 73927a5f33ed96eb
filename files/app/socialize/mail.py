"""Mail, over SMTP."""

import asyncio
import ssl
from contextlib import suppress
from email.message import EmailMessage

import aiosmtplib
from opentelemetry.trace import SpanKind

from socialize import tracing
from socialize.settings import Settings
from socialize.signals import EMAIL_FAILURES

TIMEOUT_SECONDS = 10
"""For all of a delivery together."""
QUIT_SECONDS = 1


class MailError(Exception):
    """The mail server did not take the message. There is no text: the server's own may hold addresses."""

    dependency = "smtp"

    def __init__(self, error_type: str) -> None:
        """
        Args:
            error_type: "connection", "timeout", "tls", "authentication", "rejected" or "_OTHER".
        """
        super().__init__()
        self.error_type = error_type


async def send(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the mail server; raises `MailError` when it was not taken."""
    address = {"server.address": settings.smtp_host or ""}
    with tracing.span("smtp send", SpanKind.CLIENT, address | {"server.port": settings.smtp_port}):
        try:
            await _send(settings, message)
        except (aiosmtplib.SMTPException, OSError) as error:
            failure = MailError(_error_type(error))
            EMAIL_FAILURES.add(failure.error_type)
            raise failure from error


async def _send(settings: Settings, message: EmailMessage) -> None:
    client = _client(settings)
    try:
        # Less than a job may take, so that it ends here, and is counted, before the job is given up.
        async with asyncio.timeout(min(TIMEOUT_SECONDS, settings.worker_job_seconds / 2)):
            await client.connect()
            await client.send_message(message)
        with suppress(aiosmtplib.SMTPException, OSError):  # It has been taken, whatever comes now.
            await client.quit(timeout=QUIT_SECONDS)
    finally:
        client.close()


def _client(settings: Settings) -> aiosmtplib.SMTP:
    # The server's certificate is checked against the system's authorities, or those in `SSL_CERT_FILE`.
    password = settings.secrets.get("smtp_password_file")
    return aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        timeout=TIMEOUT_SECONDS,
    )


# Asked in this order: some of these classes are kinds of others.
_ERROR_TYPES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((aiosmtplib.SMTPTimeoutError, TimeoutError), "timeout"),
    ((ssl.SSLError,), "tls"),
    ((aiosmtplib.SMTPAuthenticationError,), "authentication"),
    ((aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError), "connection"),
    ((aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused), "rejected"),
)


# What the library says, in a class that tells nothing, of a server that does not offer what is asked for.
_NOT_OFFERED = {"STARTTLS extension": "tls", "AUTH extension": "authentication"}


def _error_type(error: BaseException) -> str:
    if isinstance(error.__cause__, ssl.SSLError):
        return "tls"
    if known := next((name for kinds, name in _ERROR_TYPES if isinstance(error, kinds)), None):
        return known
    return next((name for words, name in _NOT_OFFERED.items() if words in str(error)), "_OTHER")
