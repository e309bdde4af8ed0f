"""What delivered work cost, and how the ERP learns of it."""
