"""Chargebee Billing: invoices, credit notes and what was paid of them."""
