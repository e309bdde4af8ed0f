"""What disagrees: control totals, breaks, tie-out."""
