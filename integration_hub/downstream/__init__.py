"""Business events for other systems: streams of the trail, in order, each event under an id of its own."""
