"""The only way to change what was agreed; one module per noun."""
