"""The kinds of lines and adjustments that figures tell apart (docs/reference/rules.md, Money)."""

PRODUCT = "product"
"""The kind of the lines that are revenue; what other lines net is other sales."""

REFUND = "refund"
"""The kind of the adjustments that are refunds; the others are taken off the shipping."""
