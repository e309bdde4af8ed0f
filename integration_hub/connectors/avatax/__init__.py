"""AvaTax: quotes tax before approval, records it after posting."""
