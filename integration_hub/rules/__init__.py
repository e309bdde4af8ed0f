"""Decision tables: ordered rules in the Common Expression Language, written by one person, published by another."""
