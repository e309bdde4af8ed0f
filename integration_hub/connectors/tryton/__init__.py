"""Tryton: the ERP of companies that run their own, over JSON-RPC."""
