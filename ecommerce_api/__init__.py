"""The API: the warehouse's figures over HTTP, one module per subject, joined in `main`."""
