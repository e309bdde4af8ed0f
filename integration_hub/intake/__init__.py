"""What came in: source versions, cursors, webhooks, file drops; hands canonical batches to receivers."""
