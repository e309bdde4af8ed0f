"""The billing status of work in words, and of sheets as rows of a page."""

from typing import Any

from billing.engine.sheets import Standing
from billing.sheets import Sheet
from billing.tables.words import work_list_url
from integration_hub.console.badges import Badge, badge
from integration_hub.console.wording import hours, percent
from integration_hub.kernel.money import show

Told = tuple[Badge, str, str]
"""Status, the part that is billed, and of what."""


def told(currency: str, one: Standing) -> Told:
    """One status as people read it: `Partially billed`, `48 %`, `768.00 of 1,600.00 USD`."""
    if one.by_value:
        made = f"{show(one.billed, currency).rpartition(' ')[0]} of {show(one.billable, currency)}"
    else:
        made = f"{hours(one.minutes_billed / 60)} of {hours(one.minutes / 60)}"
    if one.unpriced:
        made += f", by hours: {one.unpriced:,} without a price"
    return badge(one.status), percent(one.percent / 100), made


def standing_rows(found: dict[str, Standing]) -> list[Told]:
    """The status of a selection, per currency; nothing where there is nothing to bill."""
    return [told(currency, one) for currency, one in found.items() if one.billable or one.minutes]


def sheet_rows(found: list[Sheet], **filters: Any) -> list[dict[str, Any]]:
    """Sheets with the address of the work in each."""
    return [
        {
            "sheet": sheet,
            "told": told(sheet.currency, sheet.standing),
            "hours": hours(sheet.standing.minutes / 60),
            "url": work_list_url(
                person=sheet.name, kind="time", service_date_after=sheet.monday, service_date_before=sheet.sunday,
                **filters,
            ),
        }
        for sheet in found
        if sheet.standing.minutes or sheet.standing.billable
    ]  # fmt: skip
