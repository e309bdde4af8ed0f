"""Lines of vendors' bills, and what is settled of what we owe, from the ERP or a file."""

from typing import cast

from contracts.receivers.each import actor, each
from costs.actions import purchases, repaid
from integration_hub import canonical
from integration_hub.intake.registry import Arrival


def _purchase_line(arrival: Arrival) -> None:
    record = cast(canonical.PurchaseLine, arrival.record)
    source = f"{arrival.connection.code}:purchase_line:{record.source_id}"[:250]
    purchases.receive(record=record, source=source, by=actor(arrival))


purchase_line = each(_purchase_line)


def _payable(arrival: Arrival) -> None:
    repaid.receive(record=cast(canonical.Payable, arrival.record), connection=arrival.connection)


payable = each(_payable)
