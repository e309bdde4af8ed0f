"""Tokens: issued once, recognised by a hash, limited by scope, ended by expiry, revocation and leaving."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from integration_hub.api.actions import tokens
from integration_hub.api.models import ApiToken
from integration_hub.api.scopes import READ_ONLY
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def ask(header=None):
    client = APIClient()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    return client.get("/api/v1/contracts/")


def test_the_secret_is_not_kept():
    person = factories.user()
    token, secret = tokens.issue(user=person, name="nightly", scopes=["contracts:read"], by=factories.BY)
    assert secret.startswith(f"tl_{token.prefix}_")
    assert token.secret_hash == tokens.digest(secret)
    assert secret not in str(ApiToken.objects.values().get())
    event = Event.objects.get(action="api.token.issued")
    assert secret not in str(event.data) + event.object_label


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_a_token_opens_the_door_and_its_use_is_noted(scheme):
    person = factories.user()
    secret = factories.token(person)
    assert ask(f"{scheme} {secret}").status_code == 200
    used = ApiToken.objects.get(user=person).last_used_at
    assert used is not None
    assert ask(f"{scheme} {secret}").status_code == 200
    assert ApiToken.objects.get(user=person).last_used_at == used


@pytest.mark.parametrize(
    "header",
    [None, "Bearer ", "Bearer tl_abcdefgh_nothing", "Bearer sk_live_1", "Bearer tl__", "Bearer ünknown", "Basic eDp5"],
)
def test_without_a_valid_token_the_answer_is_401(header):
    answer = ask(header)
    assert problem(answer, 401)["type"] == "urn:throughline:problem:unauthenticated"
    assert answer["WWW-Authenticate"] == 'Bearer realm="throughline"'


def test_a_secret_with_the_right_prefix_and_a_wrong_rest_is_refused():
    secret = factories.token(factories.user())
    problem(ask(f"Bearer {secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"), 401)


def test_expired_revoked_and_of_somebody_who_left():
    person = factories.user()
    token, secret = tokens.issue(
        user=person, name="short", scopes=["contracts:read"], by=factories.BY, expires_at=now() + timedelta(hours=1)
    )
    assert ask(f"Bearer {secret}").status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(expires_at=now())
    assert "expired" in problem(ask(f"Bearer {secret}"), 401)["detail"]

    other, secret = tokens.issue(user=person, name="other", scopes=["contracts:read"], by=factories.BY)
    tokens.revoke(token_id=other.pk, by=person)
    assert "revoked" in problem(ask(f"Bearer {secret}"), 401)["detail"]
    with pytest.raises(NotReady):
        tokens.revoke(token_id=other.pk, by=person)

    secret = factories.token(person)
    person.is_active = False
    person.save()
    problem(ask(f"Bearer {secret}"), 401)


def test_a_scope_narrows_and_never_widens(call):
    reader = call("finance", "contracts:read")
    assert reader.get("contracts/").status_code == 200
    assert problem(reader.get("candidates/"), 403)["detail"] == "The token lacks the scope billing:read."
    assert problem(reader.post("holds/", {}), 403)["detail"] == "The token lacks the scope holds:write."
    lead = call("delivery_lead", "connections:read")
    assert problem(lead.get("connections/"), 403)["detail"] == "Your role does not see this."


def test_a_signed_in_person_needs_no_scope_but_a_csrf_token_to_write():
    person = factories.user("billing_analyst")
    factories.legal_entity()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    assert client.get("/api/v1/contracts/").status_code == 200
    body = {"legal_entity": "US01", "through": "2026-03-31", "invoice_date": "2026-03-31"}
    refused = client.post("/api/v1/billing-runs/", body, content_type="application/json")
    assert "CSRF" in problem(refused, 403)["detail"]


class TestIssuing:
    def test_what_is_wrong_is_named(self):
        with pytest.raises(BadInput) as refused:
            tokens.issue(user=factories.user(), name=" ", scopes=["everything"], by=factories.BY, expires_at=now())
        assert {problem.field for problem in refused.value.problems} == {"name", "scopes", "expires_at"}
        with pytest.raises(BadInput, match="scopes: are empty"):
            tokens.issue(user=factories.user(), name="x", scopes=[], by=factories.BY)

    def test_one_open_token_of_a_name(self):
        person = factories.user()
        first, _ = tokens.issue(user=person, name="x", scopes=["trace:read"], by=factories.BY)
        with pytest.raises(NotReady, match="named 'x' already"):
            tokens.issue(user=person, name="x", scopes=["trace:read"], by=factories.BY)
        tokens.revoke(token_id=first.pk, by=factories.BY)
        tokens.issue(user=person, name="x", scopes=["trace:read"], by=factories.BY)

    def test_nobody_makes_a_token_that_acts_as_somebody_else(self):
        admin, finance = factories.user("integration_admin"), factories.user()
        with pytest.raises(Denied, match="only they can make it"):
            tokens.issue(user=finance, name="x", scopes=["billing:write"], by=admin)
        with pytest.raises(Denied, match="does not make API tokens"):
            tokens.issue(user=finance, name="x", scopes=["billing:write"], by=finance)
        token, _ = tokens.issue(user=finance, name="x", scopes=["billing:write"], by=factories.BY)
        with pytest.raises(Denied, match="does not revoke"):
            tokens.revoke(token_id=token.pk, by=factories.user("auditor"))

    def test_people_whose_role_makes_tokens_make_their_own(self):
        person = factories.user("integration_admin")
        person.user_permissions.add(Permission.objects.get(codename="add_apitoken"))
        person = User.objects.get(pk=person.pk)
        token, _ = tokens.issue(user=person, name="x", scopes=["trace:read"], by=person)
        assert token.created_by == person.username
        tokens.revoke(token_id=token.pk, by=person)

    def test_somebody_who_left_gets_none(self):
        person = factories.user()
        person.is_active = False
        with pytest.raises(BadInput, match="is not active"):
            tokens.issue(user=person, name="x", scopes=["trace:read"], by=factories.BY)


class TestCommand:
    def run(self, *args):
        out = io.StringIO()
        call_command("api_token", *args, stdout=out)
        return out.getvalue().strip()

    def test_it_prints_the_secret_and_nothing_else(self):
        person = factories.user()
        secret = self.run(
            person.username, "nightly", "--scope", "contracts:read", "--scope", "holds:write", "--days", "30"
        )
        assert ask(f"Bearer {secret}").status_code == 200
        token = ApiToken.objects.get(user=person)
        assert token.scopes == ["contracts:read", "holds:write"]
        assert token.expires_at is not None
        assert timedelta(days=29) < token.expires_at - now() < timedelta(days=31)

    def test_replace_ends_the_old_one(self):
        person = factories.user()
        old = self.run(person.username, "demo", "--all-scopes")
        with pytest.raises(CommandError, match="already"):
            self.run(person.username, "demo", "--all-scopes")
        new = self.run(person.username, "demo", "--read-only", "--replace")
        problem(ask(f"Bearer {old}"), 401)
        assert ask(f"Bearer {new}").status_code == 200
        assert ApiToken.objects.get(user=person, revoked_at__isnull=True).scopes == sorted(READ_ONLY)

    def test_revoke(self):
        person = factories.user()
        secret = self.run(person.username, "demo", "--all-scopes")
        assert self.run(person.username, "demo", "--revoke") == ""
        problem(ask(f"Bearer {secret}"), 401)
        with pytest.raises(CommandError, match="no open token named 'demo'"):
            self.run(person.username, "demo", "--revoke")

    def test_refusals(self):
        with pytest.raises(CommandError, match="no user 'nobody'"):
            self.run("nobody", "x", "--all-scopes")
        with pytest.raises(CommandError, match="scopes: are empty"):
            self.run(factories.user().username, "x")


class TestAdmin:
    URL = "/admin/hub_api/apitoken/"

    @pytest.fixture
    def boss(self, client):
        person = factories.user()
        person.is_superuser = person.is_staff = True
        person.save()
        client.force_login(person)
        return person

    def test_the_secret_is_shown_once(self, client, boss):
        person = factories.user("pmo")
        body = {"user": person.pk, "name": "nightly", "scopes": ["contracts:read"]}
        page = client.post(f"{self.URL}add/", body)
        assert page.status_code == 200, page.content
        secret = page.context["secret"]
        assert secret in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert ask(f"Bearer {secret}").status_code == 200
        token = ApiToken.objects.get(user=person)
        assert token.created_by == boss.username
        shown = client.get(f"{self.URL}{token.pk}/change/")
        assert shown.status_code == 200
        assert secret not in shown.content.decode()
        assert token.secret_hash not in shown.content.decode()

    def test_a_wrong_request_is_refused_on_its_field(self, client, boss):
        factories.token(boss)
        name = ApiToken.objects.get(user=boss).name
        page = client.post(f"{self.URL}add/", {"user": boss.pk, "name": name, "scopes": []})
        errors = page.context["adminform"].form.errors
        assert errors.keys() == {"name", "scopes"}
        assert ApiToken.objects.count() == 1

    def test_revoking_ends_it(self, client, boss):
        secret = factories.token(boss)
        token = ApiToken.objects.get()
        page = client.post(self.URL, {"action": "revoke", "_selected_action": [token.pk]}, follow=True)
        assert "is revoked" in page.content.decode()
        problem(ask(f"Bearer {secret}"), 401)

    def test_nothing_is_edited_or_deleted(self, client, boss):
        factories.token(boss)
        token = ApiToken.objects.get()
        assert client.post(f"{self.URL}{token.pk}/change/", {"name": "x"}).status_code == 403
        assert client.post(f"{self.URL}{token.pk}/delete/", {"post": "yes"}).status_code == 403
