"""File drop: CSV and XLSX exports of systems without an API; intake reads the files, the mapping gives them meaning."""
