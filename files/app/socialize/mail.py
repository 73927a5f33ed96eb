"""Mail, over SMTP."""

from email.message import EmailMessage

import aiosmtplib

from socialize.settings import Settings

TIMEOUT_SECONDS = 10


class MailError(Exception):
    """The mail server did not take the message. The text is fixed: the server's own may hold addresses."""


async def send(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the mail server; raises `MailError` when it was not taken."""
    password = settings.secrets.get("smtp_password_file")
    try:
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
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailError("the mail server did not take the message") from error
