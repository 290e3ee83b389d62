"""WooCommerce, by documents of its REST API v3 and by the API itself (docs/woocommerce.md)."""
