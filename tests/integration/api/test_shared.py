"""What every address shares: problems, strict bodies, limits, pages."""

import base64
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelInvalid
from django.urls import get_resolver
from rest_framework import exceptions
from rest_framework.test import APIClient

from contracts.models import Contract
from integration_hub.api import errors
from integration_hub.api.fields import decimal_text
from integration_hub.api.views import Nouns
from integration_hub.effects.actions.effects import Conflict
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from tests import factories
from tests.integration.api.conftest import fields, problem

HOLD = {"scope": "contract", "target": "C-1", "code": "CLIENT_QUERY", "reason": "They ask"}


class TestProblems:
    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (Denied("Only finance."), 403, "denied"),
            (Stale(), 409, "stale"),
            (NotReady("Not yet."), 409, "not_ready"),
            (BadInput("Hold", [Problem("code", "is wrong.", "Use another.")]), 422, "bad_input"),
            (Contract.DoesNotExist(), 404, "not_found"),
            (PermissionDenied(), 403, "denied"),
            (ModelInvalid("wrong"), 400, "invalid"),
            (exceptions.Throttled(wait=7), 429, "throttled"),
            (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
            (exceptions.NotAcceptable(), 406, "not_acceptable"),
            (errors.PayloadTooLarge(), 413, "too_large"),
            (exceptions.APIException(), 500, "failed"),
            (Failed(FailureClass.TRANSIENT, "no answer"), 503, "upstream"),
            (Failed(FailureClass.AUTH, "refused", field="token", remedy="Renew it."), 502, "upstream"),
            (Conflict(Effect(effect_type="x", business_key="y"), "hash"), 409, "not_ready"),
            (ZeroDivisionError("secret inside"), 500, "failed"),
        ],
    )
    def test_every_error_has_its_status_and_kind(self, error, status, kind):
        found = errors.describe(error)
        assert found[:2] == (status, kind)
        assert found[2]
        assert "secret" not in found[2]

    def test_nested_validation_errors_are_flat(self):
        detail = {"lines": [{}, {"net": ["wrong", "really"]}], "non_field_errors": ["together wrong"]}
        assert errors.flatten(detail) == [
            Problem("lines.1.net", "wrong"),
            Problem("lines.1.net", "really"),
            Problem("", "together wrong"),
        ]

    def test_an_unexpected_error_is_logged_and_not_told(self, call, monkeypatch, caplog):
        def broken(*_args):
            raise ZeroDivisionError("secret inside")

        monkeypatch.setattr("contracts.api.views.Contracts.rows", broken)
        body = problem(call().get("contracts/"), 500)
        assert "secret" not in json.dumps(body)
        assert body["request_id"]
        assert "secret inside" in caplog.text

    def test_the_wait_is_in_a_header(self):
        context = {"request": APIClient().get("/api/v1/nothing/").wsgi_request}
        assert errors.problem_json(exceptions.Throttled(wait=7), context)["Retry-After"] == "7"
        failed = Failed(FailureClass.RATE, "slower, please", retry_after=timedelta(seconds=30))
        assert errors.problem_json(failed, context)["Retry-After"] == "30"

    @pytest.mark.django_db
    def test_an_address_that_is_not_there(self):
        problem(APIClient().get("/api/v1/nonsense/"), 404)
        assert "end with a slash" in problem(APIClient().get("/api/v1/contracts"), 404)["detail"]

    def test_a_method_that_is_not_there(self, call):
        answer = call().client.put("/api/v1/contracts/", {}, format="json")
        problem(answer, 405)
        problem(call().post("contracts/", {}), 405)


class TestBodies:
    def test_unknown_fields_are_refused_by_name_beside_the_wrong_ones(self, call):
        found = fields(call("pmo").post("holds/", {**HOLD, "colour": "red", "code": "BECAUSE"}), 400)
        assert found.keys() == {"colour", "code"}
        assert found["colour"].startswith("This field is not known. The fields are scope, target, code")

    def test_what_is_no_json_or_no_object(self, call):
        client = call("pmo").client
        answer = client.generic("POST", "/api/v1/holds/", b"{broken", content_type="application/json")
        assert problem(answer, 400)["type"].endswith("unreadable")
        answer = client.generic("POST", "/api/v1/holds/", b'["a"]', content_type="application/json")
        problem(answer, 400)
        answer = client.generic("POST", "/api/v1/holds/", b"scope=contract", content_type="text/plain")
        problem(answer, 415)

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
    def test_what_is_json_and_still_no_text(self, call, headers):
        client = call("pmo").client
        for body in (
            b"[" * 100_000,
            b'{"reason": "\\ud800"}',
            b"\xff\xfe",
            b'{"review_on": NaN}',
            b'{"reason": "\\u0000"}',
        ):
            answer = client.generic("POST", "/api/v1/holds/", body, content_type="application/json", headers=headers)
            problem(answer, 400)

    def test_an_oversized_body(self, call, settings):
        settings.MAX_BODY_BYTES = 500
        assert problem(call("pmo").post("holds/", {**HOLD, "reason": "x" * 600}), 413)["detail"].startswith(
            "A body may"
        )
        assert call("pmo").post("holds/", HOLD).status_code == 422

    def test_an_oversized_form_is_not_read_to_sign_somebody_in(self, call, settings, monkeypatch):
        settings.MAX_BODY_BYTES = 500
        browser = APIClient(enforce_csrf_checks=True)
        browser.force_login(factories.user("pmo"))
        read: list[object] = []
        monkeypatch.setattr("django.http.request.HttpRequest._load_post_and_files", read.append)
        problem(browser.post("/api/v1/holds/", {"reason": "x" * 600}, format="multipart"), 413)
        assert read == []


class TestPages:
    @pytest.fixture
    def finance(self, call):
        for number in range(1, 6):
            factories.contract_signed(f"C-{number}")
        return call()

    def numbers(self, page):
        return [row["number"] for row in page["results"]]

    def follow(self, finance, link):
        return finance.client.get(link).json()

    def test_forward_and_back_over_all_rows_once(self, finance):
        first = finance.get("contracts/", limit=2).json()
        second = self.follow(finance, first["next"])
        third = self.follow(finance, second["next"])
        assert [self.numbers(page) for page in (first, second, third)] == [["C-5", "C-4"], ["C-3", "C-2"], ["C-1"]]
        assert first["previous"] is None
        assert third["next"] is None
        back = self.follow(finance, third["previous"])
        assert self.numbers(back) == ["C-3", "C-2"]
        again = self.follow(finance, back["previous"])
        assert self.numbers(again) == ["C-5", "C-4"]
        assert again["previous"] is None
        assert self.numbers(self.follow(finance, again["next"])) == ["C-3", "C-2"]

    def test_rows_that_come_meanwhile_move_nothing(self, finance):
        first = finance.get("contracts/", limit=2).json()
        factories.contract_signed("C-6")
        assert self.numbers(self.follow(finance, first["next"])) == ["C-3", "C-2"]

    def test_links_keep_the_filters(self, finance):
        page = finance.get("contracts/", limit=2, legal_entity="US01").json()
        assert "legal_entity=US01" in page["next"]

    @pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
    def test_a_limit_has_limits(self, finance, limit):
        assert fields(finance.get("contracts/", limit=limit), 400).keys() == {"limit"}

    @pytest.mark.parametrize(
        "cursor", ["%%%", "bm9uc2Vuc2U", "WyJuIixbIi1pZCJdLFtudWxsXV0", "WyJuIixbIi1pZCJdLFsiYWJjIl1d", "ü"]
    )
    def test_a_cursor_from_elsewhere_is_refused(self, finance, cursor):
        assert fields(finance.get("contracts/", cursor=cursor), 400).keys() == {"cursor"}

    def test_a_cursor_that_would_break_the_query_is_refused(self, finance):
        for text in ('["n", ["-id"], ["1\\u0000"]]', "[" * 6000):
            cursor = base64.urlsafe_b64encode(text.encode()).decode()
            assert fields(finance.get("contracts/", cursor=cursor), 400).keys() == {"cursor"}

    def test_a_cursor_of_another_list_is_refused(self, finance):
        link = finance.get("contracts/", limit=2).json()["next"]
        cursor = link.split("cursor=")[1].split("&")[0]
        assert fields(finance.get("cases/", cursor=cursor), 400).keys() == {"cursor"}

    def test_no_list_counts(self, finance, django_assert_max_num_queries):
        with django_assert_max_num_queries(6) as captured:
            finance.get("contracts/", limit=2)
        assert not [query for query in captured.captured_queries if "COUNT(" in query["sql"]]

    def test_an_unknown_filter_is_refused(self, finance):
        assert "Known are" in fields(finance.get("contracts/", nummer="C-1"), 400)["nummer"]
        page = f"contracts/{Contract.objects.latest('pk').pk}/"
        assert fields(finance.get(page, status="active"), 400).keys() == {"status"}


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("1234.500000", 2, "1234.50"),
        ("0.000000", 2, "0.00"),
        ("1000", 0, "1000"),
        ("1E+3", 2, "1000.00"),
        ("12.345600", 2, "12.3456"),
        ("-7.100", 3, "-7.100"),
        ("165.3333333333", 2, "165.3333333333"),
    ],
)
def test_amounts_are_written_without_noise(value, places, text):
    assert decimal_text(Decimal(value), places) == text


def test_answers_are_not_cached(call):
    answer = call().get("contracts/")
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-ID"]


def test_the_order_of_a_list_needs_no_nulls():
    """Keyset conditions compare with `<` and `>`: a null key would make rows vanish."""
    views = set(nouns(get_resolver().url_patterns))
    assert len(views) > 15
    for view in views:
        for name in view.keyset:
            path = name.removeprefix("-")
            model = view.serializer_class.Meta.model
            if path in {field.name for field in model._meta.get_fields()}:
                assert not model._meta.get_field(path).null, (view, name)


def nouns(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from nouns(pattern.url_patterns)
        elif issubclass(getattr(pattern.callback, "cls", object), Nouns):
            yield pattern.callback.cls
