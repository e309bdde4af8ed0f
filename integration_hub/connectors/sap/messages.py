"""SOAP: a message as XML, one that is taken without an answer, and the confirmation of one that is answered."""

import uuid
from datetime import timedelta
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.db.models import Q

from integration_hub.connectors.models import Call
from integration_hub.connectors.registry import Write
from integration_hub.connectors.sap.client import Client
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass

SERVICES = "/sap/bc/srt/scs_ext/sap"
_ENVELOPE, _SPACE = "http://schemas.xmlsoap.org/soap/envelope/", "http://sap.com/xi/SAPSCORE/SFIN"
_ERROR = "3"


def put(parent: Element, name: str, text: object = "", **attributes: str) -> Element:
    """A child with a text; an empty one is made only to hold others."""
    child = SubElement(parent, name, attributes)
    child.text = str(text) if text not in (None, "") else None
    return child


def fill(parent: Element, values: dict[str, object]) -> None:
    """Children with texts; what is empty is left out."""
    for name, value in values.items():
        if value not in (None, ""):
            put(parent, name, value)


def id_of(write: Write) -> str:
    """The id of a message: the same for every attempt at one document."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"throughline/{write.effect_type}/{write.business_key}"))


def start(name: str, write: Write) -> tuple[Element, Element]:
    """An envelope, and the message in it with its header."""
    envelope = Element(f"{{{_ENVELOPE}}}Envelope")
    message = put(put(envelope, f"{{{_ENVELOPE}}}Body"), f"{{{_SPACE}}}{name}")
    header = put(message, "MessageHeader")
    fill(header, {"ID": id_of(write), "CreationDateTime": f"{now():%Y-%m-%dT%H:%M:%SZ}"})
    return envelope, message


def content(envelope: Element) -> bytes:
    """The body to send."""
    made: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return made


def hand_over(client: Client, service: str, envelope: Element, write: Write) -> int:
    """Send a message that is only taken: what becomes of it is read later. Raises Failed.

    While an earlier one under the same id may still wait there, it is not sent again: nothing at SAP would notice.
    """
    path = f"{SERVICES}/{service}"
    _refuse_while_waiting(client, path, id_of(write))
    return client.message(path, content(envelope), id_of(write)).status_code


def _refuse_while_waiting(client: Client, path: str, message_id: str) -> None:
    wait = timedelta(minutes=float(client.connection.settings.get("message_minutes", "60") or 0))
    sent = Call.objects.filter(connection=client.connection, path=f"{path}?MessageId={message_id}", at__gt=now() - wait)
    taken = sent.filter(Q(outcome="no_answer") | Q(status__lt=300) | Q(status__gte=500)).order_by("-at").first()
    if taken is None:
        return
    raise Failed(
        FailureClass.UNKNOWN_OUTCOME,
        f"SAP has had the message {message_id} since {taken.at:%Y-%m-%d %H:%M} UTC and shows no document of it yet",
        remedy="Look for it in the message monitor (Message Dashboard): what failed there is told to people only.",
        retry_after=taken.at + wait - now(),
    )


def confirmed(client: Client, response: httpx.Response) -> tuple[str, str, str]:
    """Company code, year and number of what a message posted at once. Raises Failed."""
    try:
        body = fromstring(response.content)
    except (ParseError, DefusedXmlException, ValueError):
        raise Failed(
            FailureClass.UNKNOWN_OUTCOME,
            "SAP answered a message with something that is no XML",
            remedy="Check the base address; a sign-in page may be in between.",
            status=response.status_code,
        ) from None
    company, year, number = (
        body.findtext(f".//{n}") or "" for n in ("CompanyCode", "FiscalYear", "AccountingDocument")
    )
    if number.strip("0"):
        return company, year, number
    items = [item for item in body.iter("Item") if item.findtext("SeverityCode") == _ERROR]
    if not items:
        raise Failed(FailureClass.UNKNOWN_OUTCOME, "SAP answered a message without a document and without an error")
    notes = "; ".join(item.findtext("Note") or "" for item in items)
    raise client.dialect.refusal(items[0].findtext("TypeID") or "", notes)
