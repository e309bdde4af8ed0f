"""Docusign's own client over TLS: the JWT grant, envelopes, custom fields, recipients and their end."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from docusign_esign import (
    ApiClient,
    CustomFields,
    Envelope,
    EnvelopeDefinition,
    EnvelopesApi,
    Recipients,
    Signer,
    TextCustomField,
)
from docusign_esign.client.api_exception import ApiException
from docusign_esign.client.configuration import Configuration

from integration_hub.sandbox import Landscape, accounts

ACCOUNT = accounts.DOCUSIGN_ACCOUNT_ID


@pytest.fixture
def client(land: Landscape, certificate_authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    """Signed in as the integration, at the address that Docusign names."""
    land.post("/tokens", {"vendor": "docusign", "action": "restore"})
    monkeypatch.setattr(Configuration(), "ssl_ca_cert", str(certificate_authority[1]))  # there is one for all clients
    host = urlsplit(land.urls["tls"]["docusign"]).netloc
    made = ApiClient(oauth_host_name=host)
    token = made.request_jwt_user_token(
        client_id=accounts.DOCUSIGN_INTEGRATION_KEY,
        user_id=accounts.DOCUSIGN_USER_ID,
        oauth_host_name=host,
        private_key_bytes=accounts.rsa_private_key().encode(),
        expires_in=600,
        scopes=["signature", "impersonation"],
    )
    user = made.get_user_info(token.access_token)
    (account,) = user.accounts
    assert account.account_id == ACCOUNT
    made.host = f"{account.base_uri}/restapi"
    return made


def sent(api: EnvelopesApi, transaction: str = "") -> str:
    """An envelope about a contract, out for signature."""
    field = TextCustomField(name="ContractNumber", value="C-1", show="false", required="false")
    made = api.create_envelope(
        ACCOUNT,
        envelope_definition=EnvelopeDefinition(
            status="sent",
            email_subject="Please sign",
            transaction_id=transaction,
            custom_fields=CustomFields(text_custom_fields=[field]),
            recipients=Recipients(signers=[Signer(name="Ida Lund", email="ida@firm.example", recipient_id="1")]),
        ),
    )
    return str(made.envelope_id)


def test_an_envelope_from_its_making_to_its_end(client: ApiClient, land: Landscape) -> None:
    api = EnvelopesApi(client)
    envelope = sent(api, "11111111-2222-3333-4444-555555555555")
    listed = api.list_status_changes(ACCOUNT, from_date="2026-01-01", from_to_status="Changed", include="custom_fields")
    (found,) = listed.envelopes
    assert (listed.total_set_size, found.status, found.is_signature_provider_envelope) == ("1", "sent", "false")
    assert found.custom_fields.text_custom_fields[0].value == "C-1"
    by_transaction = api.list_status_changes(ACCOUNT, transaction_ids="11111111-2222-3333-4444-555555555555")
    assert by_transaction.envelopes[0].envelope_id == envelope
    by_field = api.list_status_changes(ACCOUNT, from_date="2026-01-01", custom_field="ContractNumber=C-%")
    assert by_field.total_set_size == "1"
    added = TextCustomField(name="ThroughlineReference", value="C-1")
    api.create_custom_fields(ACCOUNT, envelope, custom_fields=CustomFields(text_custom_fields=[added]))
    names = [field.name for field in api.list_custom_fields(ACCOUNT, envelope).text_custom_fields]
    assert names == ["ContractNumber", "ThroughlineReference"]
    api.update(ACCOUNT, envelope, envelope=Envelope(status="voided", voided_reason="Wrong rate"))
    ended = api.get_envelope(ACCOUNT, envelope)
    assert (ended.status, ended.voided_reason) == ("voided", "Wrong rate")
    assert ended.voided_date_time.endswith("0000Z")
    assert api.list_recipients(ACCOUNT, envelope).signers[0].status == "voided"


def test_what_is_refused(client: ApiClient, land: Landscape) -> None:
    api = EnvelopesApi(client)
    with pytest.raises(ApiException, match="from_date"):
        api.list_status_changes(ACCOUNT)
    with pytest.raises(ApiException, match="ENVELOPE_DOES_NOT_EXIST"):
        api.get_envelope(ACCOUNT, "00000000-0000-0000-0000-000000000000")
    envelope = sent(api)
    land.settings(docusign={"polls_of_an_envelope": 1})
    api.get_envelope(ACCOUNT, envelope)
    with pytest.raises(ApiException, match="Hourly_Envelope_Polling_Limit_Exceeded"):
        api.get_envelope(ACCOUNT, envelope)
    land.settings(docusign={"calls_per_hour": 1})
    with pytest.raises(ApiException, match="HOURLY_APIINVOCATION_LIMIT_EXCEEDED") as caught:
        api.list_custom_fields(ACCOUNT, envelope)
    assert caught.value.headers["X-RateLimit-Remaining"] == "0"
