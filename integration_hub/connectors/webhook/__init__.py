"""Any consumer of webhooks: is told of business events by the Standard Webhooks specification."""
