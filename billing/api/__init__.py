"""REST: delivered work, holds, billing runs, candidates, invoices, payments, credit memos."""
