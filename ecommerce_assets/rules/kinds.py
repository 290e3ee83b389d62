"""The kinds of lines and adjustments that figures distinguish (docs/reference/rules.md, Money)."""

PRODUCT = "product"
"""The kind of lines that count as revenue; the net of other lines is other sales."""

REFUND = "refund"
"""The kind of adjustments that are refunds; other adjustments reduce the shipping."""
