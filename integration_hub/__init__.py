"""The integration hub: composition at the top level, one room per subpackage (docs/explanation/architecture.md)."""
