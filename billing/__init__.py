"""What was delivered and what may be charged: events, decisions, holds, candidates, invoices, payments, revenue."""
