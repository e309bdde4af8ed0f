"""File drop: CSV and XLSX exports of systems without an API, statements of banks; intake reads them."""
