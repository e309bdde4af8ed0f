"""The acts of the play. Each looks first and adds only what is missing, so that an interrupted play can go on."""
