"""Medusa 2, by its Admin API (docs/medusa.md)."""
