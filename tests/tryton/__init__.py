"""A real ERP for the tests: Tryton's own server and accounting modules, over the PostgreSQL of the tests.

Nothing of the product imports Tryton, and these modules speak to it over HTTP only, as anybody else would.
"""
