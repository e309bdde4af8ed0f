"""Bank statements, camt.053 and BAI2: read as one kind of line, refused whole where a statement does not add up."""
