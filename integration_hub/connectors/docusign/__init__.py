"""Docusign: how far the signatures of contracts and amendments are."""
