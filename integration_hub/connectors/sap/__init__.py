"""SAP S/4HANA Cloud: customers, billing documents and cash come from here; projects, invoices and journals go there."""
