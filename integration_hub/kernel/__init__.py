"""Things every room needs and that need no room: money, decisions, the clock, identities, errors, versioned rows."""
