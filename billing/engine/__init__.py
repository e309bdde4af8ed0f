"""The billing rules: values in, values out. No database, no clock, no network, so every answer can be replayed."""
