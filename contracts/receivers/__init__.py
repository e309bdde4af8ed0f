"""What contracts take from intake, one module per kind of source."""
