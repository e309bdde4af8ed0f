"""All collections of the account, by name and by the type their records have in references and events."""

from __future__ import annotations

from .delivery import DELIVERY
from .finance import FINANCE
from .shapes import Collection, Field, Filter, Include, flag

BOOKKEEPING = (
    Collection(
        "external_references",
        "external_reference",
        "ExternalReference",
        "external_reference",
        (
            Field("service_name", missing="Please enter a service name"),
            Field("service_model", missing="Please enter a service model"),
            Field("service_model_ref", missing="Please enter a service model ref"),
            Field("subject_type", missing="Please enter a subject type"),
            Field("subject_id", "id", missing="Please enter a subject id"),
            Field("status", default="successful", values=("pending", "successful", "failed")),
            Field("external_status"),
            Field("external_message"),
            Field("external_link"),
            flag("locked"),
            Field("last_synced_at", readonly=True),
        ),
        {
            name: Filter("text", f"{name} = ?")
            for name in (
                "subject_type",
                "service_name",
                "service_model",
                "service_model_ref",
                "status",
                "external_status",
                "external_message",
            )
        }
        | {"subject_id": Filter("id", "subject_id = ?")},
        {"subject": Include("", back="subject_of")},
        orders=("created_at", "updated_at", "last_synced_at"),
        order="last_synced_at:desc",
        indexes=("subject_type, subject_id", "service_name, service_model_ref"),
    ),
    Collection(
        "subscribed_events",
        "subscribed_event",
        "SubscribedEvent",
        "",
        (Field("event_id", "id"), Field("event_type"), Field("subject_type"), Field("subject_id", "id")),
        {"event_types": Filter("texts", "event_type IN (?)"), "subject_id": Filter("id", "subject_id = ?")},
        {"subject": Include("", back="subject_of")},
        orders=("created_at",),
    ),
)

ALL = (*DELIVERY, *FINANCE, *BOOKKEEPING)
COLLECTIONS = {collection.name: collection for collection in ALL}
SUBJECTS = {collection.subject: collection for collection in ALL}

STATUSES = {
    100: ("grey", "Estimate"),
    200: ("light", "Not Started"),
    300: ("green", "Active"),
    400: ("yellow", "At Risk"),
    500: ("red", "On Hold"),
    600: ("blue", "Done"),
    700: ("grey", "Cancelled"),
}
"""Project statuses by key; every account names its own, so read the message, not the number."""
