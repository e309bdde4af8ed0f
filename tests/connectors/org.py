"""Certinia as the people of a firm use it in the browser, beside the product."""

from typing import Any

import httpx

from integration_hub.sandbox import Landscape, accounts

WEEK = "2026-03-01"
"""A Sunday, with which the firm has its weeks start."""


class Org:
    """The org with the package."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        pair = (accounts.SALESFORCE_CONSUMER_KEY, accounts.SALESFORCE_CONSUMER_SECRET)
        self._http = httpx.Client(base_url=landscape.salesforce, trust_env=False, timeout=30)
        form = {"grant_type": "client_credentials"}
        token = self._http.post("/services/oauth2/token", data=form, auth=pair).json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def load(self, name: str, **values: Any) -> str:
        return self.landscape.load("salesforce", name, [values])[0]

    def change(self, name: str, key: str, **values: Any) -> None:
        self._http.patch(f"/services/data/v62.0/sobjects/{name}/{key}", json=values).raise_for_status()

    def remove(self, name: str, key: str) -> None:
        self._http.delete(f"/services/data/v62.0/sobjects/{name}/{key}").raise_for_status()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """What the org holds, without what was deleted."""
        return [row for row in self.landscape.records("salesforce", name) if not row["IsDeleted"]]

    def person(self, name: str = "Lund") -> str:
        active = {"pse__Is_Resource__c": True, "pse__Is_Resource_Active__c": True}
        return self.load("Contact", FirstName="Ida", LastName=name, Email="ida@firm.example", **active)

    def project(self, **values: Any) -> str:
        return self.load("pse__Proj__c", Name="Yard systems", pse__Is_Active__c=True, **values)

    def assigned(self, project: str, person: str, name: str = "Design") -> dict[str, str]:
        """The lookups of a timecard of this person on this project, as an architect."""
        who = {"pse__Project__c": project, "pse__Resource__c": person}
        role = self.load("pse__Assignment__c", Name=name, pse__Role__c="Architect", pse__Is_Billable__c=True, **who)
        return {**who, "pse__Assignment__c": role}

    def timecard(self, assigned: dict[str, str], **values: Any) -> str:
        week = {"pse__Start_Date__c": WEEK, "pse__Monday_Hours__c": 8, "pse__Billable__c": True}
        return self.load("pse__Timecard_Header__c", **{**assigned, **week, **values})

    def decide(self, card: str, status: str) -> None:
        self.change("pse__Timecard_Header__c", card, pse__Status__c=status)

    def close(self) -> None:
        self._http.close()
