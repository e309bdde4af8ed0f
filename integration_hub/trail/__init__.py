"""What happened, caused by what: business events, the audit chain and the lineage walk."""
