"""Mail, over SMTP."""

import ssl
from email.message import EmailMessage

import aiosmtplib
from opentelemetry.trace import SpanKind

from socialize import tracing
from socialize.settings import Settings
from socialize.signals import EMAIL_FAILURES

TIMEOUT_SECONDS = 10


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
    password = settings.secrets.get("smtp_password_file")
    await aiosmtplib.send(
        message,
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


def _error_type(error: BaseException) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return "tls"
    return next((name for kinds, name in _ERROR_TYPES if isinstance(error, kinds)), "_OTHER")
