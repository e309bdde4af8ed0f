"""Salesforce: customers, deals, contracts and amendments come from here; their status goes back."""
