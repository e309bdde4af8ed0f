"""The only way to change billing rows; one module per noun."""
