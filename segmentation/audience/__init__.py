"""Reading customers by rule: the only place that selects them. What is read is always inside one `Scope`."""
