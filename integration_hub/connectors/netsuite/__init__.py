"""NetSuite: master data, invoices and cash come from here; jobs and invoices go there."""
