"""The effect ledger: intents, attempts, unknown outcomes, probes, posting windows."""
