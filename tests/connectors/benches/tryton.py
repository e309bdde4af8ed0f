"""Tryton: a company with a customer, open periods, and an account for each charge code, on Tryton's own server."""

from functools import cached_property
from typing import Any

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Write
from integration_hub.connectors.tryton.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST
from integration_hub.mapping.models import ValueMap, ValueRow
from tests.connectors.benches.bench import Bench
from tests.connectors.erp import invoice_write, journal_payload, priced
from tests.tryton import company
from tests.tryton.fixtures import GROUP, Tryton

_TABLES = ("party_party", "account_invoice", "account_invoice_line", "account_move", "account_move_line")


class TrytonBench(Bench):
    vendor = "tryton"
    feed = "customer_account"
    required = ("code",)
    value = ("invoice", "state")
    amounts_stated = (("USD", "1234567.89"), ("USD", "0.10"))
    windowed = (INVOICE_POST, CREDIT_POST, JOURNAL_POST)
    where = "running_tryton"
    marks = (GROUP,)
    landscape: Tryton  # type: ignore[assignment]  # its own server, in the words the kit has for the landscape

    @property
    def url(self) -> str:
        return self.landscape.url

    def settings(self) -> dict[str, Any]:
        return self.landscape.settings

    def credentials(self) -> dict[str, str]:
        return self.landscape.credentials

    def prepare(self, connection: Connection) -> None:
        codes, _ = ValueMap.objects.get_or_create(connection=connection.code, name="cost_account")
        for theirs, ours in (
            (company.LABOUR, "labour"),
            (company.ABSORBED, "labour_absorbed"),
            (company.EXPENSE, "expense"),
            (company.PAYABLE, "employee_payable"),
        ):
            ValueRow.objects.create(value_map=codes, theirs=theirs, ours=ours)

    def restore(self) -> None:
        self.landscape.restore()

    def revoke(self) -> None:
        self.landscape.sign_out_all()

    def books(self) -> Any:
        query = "SELECT count(*), max(write_date), max(create_date) FROM {}"
        return {table: self.landscape.server.rows(query.format(table)) for table in _TABLES}

    def written(self) -> int:
        return self.landscape.proxy.written

    def make(self, names: list[str]) -> list[str]:
        clerk = self.landscape.clerk
        known = clerk("model.party.party.search_count", [])
        rows = [{"name": name, "code": f"K-{n}"} for n, name in enumerate(names, known)]
        return [str(key) for key in clerk("model.party.party.create", rows)]

    def rename(self, key: str, name: str) -> None:
        self.landscape.clerk("model.party.party.write", [int(key)], {"name": name})

    def make_value(self) -> str:
        return self.connector.send(self.connection, self.write(INVOICE_POST)).remote_id

    def price(self, number: int, currency: str, amount: str) -> str:
        write = priced(self.write(INVOICE_POST, number), currency, amount)
        return self.connector.send(self.connection, write).remote_id

    @cached_property
    def customer(self) -> int:
        return self.landscape.customer("C-100")

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        assert self.customer
        reference = f"US01-{effect_type}-{number}"
        if effect_type == JOURNAL_POST:
            return Write(effect_type, f"key-{number}", reference, journal_payload(reference, text))
        payload = invoice_write(reference, memo=text, payment_terms="").payload
        return Write(effect_type, f"key-{number}", reference, payload)

    def refused(self, effect_type: str) -> Write | None:
        write = self.write(effect_type)
        write.payload["currency"] = "XAU"
        return write

    def effects(self, write: Write) -> int:
        if write.effect_type == JOURNAL_POST:
            query = "SELECT count(*) FROM account_move WHERE description = %s AND state = 'posted'"
        else:
            query = "SELECT count(*) FROM account_invoice WHERE reference = %s AND state IN ('posted', 'paid')"
        return int(self.landscape.server.rows(query, write.business_key)[0][0])

    def says(self, write: Write) -> str:
        lines = "SELECT line.description FROM account_move_line line JOIN account_move move ON move.id = line.move"
        return str(
            self.landscape.server.rows(f"{lines} WHERE move.description = %s", write.business_key)
            + self.landscape.server.rows(
                "SELECT description FROM account_invoice WHERE reference = %s", write.business_key
            )
        )

    def close(self, write: Write) -> None:
        self.landscape.close_period("2026-05")

    def reopen(self, write: Write) -> None:
        self.landscape.reopen_period("2026-05")
