"""The graph: each asset reads, calls a rule, replaces. Nothing else lives here."""
