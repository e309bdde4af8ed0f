"""Files of systems without an API: read row by row, joined with a companion, checked against their manifest."""
