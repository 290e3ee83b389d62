"""The connector for Medusa 2's Admin API (docs/medusa.md)."""
