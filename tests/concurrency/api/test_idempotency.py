"""The same request twice at once is done once; without a key it is done twice."""

import pytest
from rest_framework.test import APIClient

from billing.models import Hold
from tests import factories

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory"),
]
CODES = ("CLIENT_QUERY", "LEGAL_HOLD")


def send(threads, person, bodies, keys):
    """Post these holds at once, each from its own connection; statuses in no particular order."""
    secret, answers = factories.token(person), []

    def call(body, key):
        client = APIClient()
        headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
        answers.append(client.post("/api/v1/holds/", body, format="json", headers=headers))

    threads(*(lambda body=body, key=key: call(body, key) for body, key in zip(bodies, keys, strict=True)))
    return answers


@pytest.fixture
def body():
    contract = factories.contract_active()
    return {"scope": "contract", "target": contract.number, "code": "CLIENT_QUERY", "reason": "They ask"}


def test_one_key_one_hold(threads, body):
    person = factories.user("pmo")
    answers = send(threads, person, [body] * 4, ["k"] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.get("Idempotent-Replayed", "") for answer in answers) == ["", "true", "true", "true"]
    assert Hold.objects.count() == 1


def test_without_a_key_the_second_is_another_request(threads, body):
    """The control: what the key prevents does happen without it."""
    person = factories.user("pmo")
    answers = send(threads, person, [body] * 4, [""] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_one_key_for_two_requests_refuses_one_of_them(threads, body):
    person = factories.user("pmo")
    bodies = [{**body, "code": code} for code in CODES]
    answers = send(threads, person, bodies, ["k", "k"])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert Hold.objects.count() == 1
