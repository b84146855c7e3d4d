"""The rule language: what can be asked about a customer, how a question is read, and how it becomes SQL.

Nothing here knows Flask, a session or a request. `reading` turns JSON into a typed `tree`; `sql.condition` turns a
tree into a SQL condition and cannot fail; `fields`, `operators` and `kinds` are the registries that both (and the
API) read.
"""
