"""The verbs of scenarios that need costs and measures, which billing knows nothing of."""
