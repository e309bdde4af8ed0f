"""Pictures of every screen for docs/screenshots.md: `make screenshots`."""
