"""Imports UCI Online Retail into a landing zone (docs/online-retail.md); start at `importing`."""
