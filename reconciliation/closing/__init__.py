"""The close of a period: what stands in its way, how ready it is, and the statement that two people sign."""
