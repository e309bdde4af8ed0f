"""The billing rules against the worked numbers, and against all numbers."""
