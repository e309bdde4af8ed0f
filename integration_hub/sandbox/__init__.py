"""The simulated vendor landscape: Salesforce, Kantata, NetSuite and AvaTax over real HTTP, with their limits and vices.

It is one separate process with its own state and imports nothing else of ours. See README.md in this directory.
"""

from .landscape import Landscape

__all__ = ["Landscape"]
