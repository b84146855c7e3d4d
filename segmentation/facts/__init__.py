"""Writing facts: ingest of customers and orders, order statistics, scores. Reading by rule is `audience`."""
