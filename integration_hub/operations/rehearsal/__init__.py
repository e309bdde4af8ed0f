"""The rehearsal lab: real workers, simulated vendors, injected faults, and a checker that believes none of them."""
