"""The importer and the connector for WooCommerce's REST API v3 (docs/woocommerce.md)."""
