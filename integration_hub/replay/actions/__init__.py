"""The only writes of the room."""
