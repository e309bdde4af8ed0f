"""What products on the Salesforce platform have in common: signing in, SOQL, records by key, complaints, limits."""
