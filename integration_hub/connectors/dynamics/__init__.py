"""Dynamics 365 Finance: master data, invoices and cash come from here; projects, invoices and journals go there."""
