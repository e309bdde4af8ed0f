"""The writes of business clocks."""
