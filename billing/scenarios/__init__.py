"""Finance's own regression tests: stories of what was agreed and what happened, played through the billing code."""
