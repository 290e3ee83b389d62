"""The assets of the graph: each reads its inputs, calls a rule, and replaces its rows."""
