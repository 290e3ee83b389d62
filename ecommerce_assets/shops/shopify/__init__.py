"""Turns Shopify's documents and CSV exports into landing files (docs/shopify.md).

`exports` turns CSV exports into documents, `envelopes` unwraps extractors' messages, `canonical`
brings documents into one form, and `gathering` joins an order's parts. `lines`, `agreements`,
`refunds` and `orders` make an order's records; `catalogue` makes those of products, stock and
customers. `totals` reads a document's own totals. `importing` and `connector` run all of these.
"""
