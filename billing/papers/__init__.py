"""Documents as a client reads them: the invoice or credit memo, and the time and expenses behind it."""
