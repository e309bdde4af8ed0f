"""What billing takes from intake."""
