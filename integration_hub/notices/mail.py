"""Notices as mails: plain text, worded once, and sent by Django's mail framework.

What the server answers says who must act; a connection that breaks after the mail was begun leaves it unknown.
"""

import smtplib
from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse

from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.notices.models import Message, Notice

_REFUSED_FOR_GOOD = 500
_LONGEST = 150


def address_of(notice: Notice) -> str:
    """The whole address of a notice's exception."""
    return f"{settings.BASE_URL}{reverse('cases:case-detail', args=[notice.case_id])}"


def subject(notices: list[Notice]) -> str:
    """What the mail is about, in one line."""
    first = notices[0]
    told = f"S{first.severity} {first.get_kind_display()}: {first.title}"
    if len(notices) > 1:
        worst = min(notice.severity for notice in notices)
        told = f"{len(notices)} notices, the gravest S{worst}: {first.title}"
    return " ".join(told.split())[:_LONGEST]


def compose(message: Message) -> EmailMessage:
    """The mail of a message, gravest first. Its id is the message's, so a mailbox knows one that comes twice."""
    notices = list(message.notices.order_by("severity", "happened_at", "pk"))
    body = render_to_string(
        "notices/mail.txt",
        {
            "person": message.person,
            "notices": [(notice, address_of(notice)) for notice in notices],
            "inbox": f"{settings.BASE_URL}{reverse('notices:notice-list')}",
            "preferences": f"{settings.BASE_URL}{reverse('notices:preferences')}",
        },
    )
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<notice-message-{message.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject(notices), body, settings.DEFAULT_FROM_EMAIL, [message.address], headers=headers)


def send(mail: EmailMessage) -> None:
    """Send a composed mail. Raises Failed: by its class nothing left, it was refused, or nobody knows."""
    server = get_connection()
    _open(server)
    try:
        server.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refused(code, text) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except OSError as error:  # SMTPServerDisconnected and time-outs are of it
        raise Failed(
            FailureClass.UNKNOWN_OUTCOME,
            f"The mail server did not answer ({type(error).__name__}); it may have taken the mail over.",
        ) from error
    finally:
        with suppress(OSError):  # every SMTPException is one
            server.close()


def _open(server: BaseEmailBackend) -> None:
    """Connect and sign in: until then nothing has left."""
    try:
        server.open()
    except smtplib.SMTPAuthenticationError as error:
        raise Failed(
            FailureClass.AUTH,
            f"The mail server refuses the login: {_text(error.smtp_error)}",
            remedy="Correct THROUGHLINE_MAIL_USER and THROUGHLINE_MAIL_PASSWORD, then have it sent again.",
        ) from error
    except OSError as error:
        raise Failed(FailureClass.TRANSIENT, f"The mail server cannot be reached: {error}") from error


def _refused(code: int, text: bytes | str) -> Failed:
    if code < _REFUSED_FOR_GOOD:
        return Failed(FailureClass.TRANSIENT, f"The mail server asks to come again: {code} {_text(text)}")
    return Failed(
        FailureClass.REJECTED,
        f"The mail server refuses the mail: {code} {_text(text)}",
        remedy="Correct the address of the person, then have it sent again.",
    )


def _text(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
