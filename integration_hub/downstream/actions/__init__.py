"""What people decide about streams."""
