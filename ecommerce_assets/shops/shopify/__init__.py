"""Shopify's documents and CSV exports become landing files (docs/shopify.md).

`canonical` gives all documents one writing, `envelopes` takes them out of what extractors wrap them
in, `gathering` puts an order's parts together; `lines`, `agreements`, `refunds` and `orders` make
its records, `catalogue` those of products, stock and customers, and `totals` says what the document
says itself. `exports` turns CSV exports into such documents. `importing` runs it all.
"""
