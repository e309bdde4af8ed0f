"""Comparing two sides item by item: what an item is, the rules, and the passes in SQL. It knows no vendor."""
