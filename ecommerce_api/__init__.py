"""The API: the warehouse's figures over HTTP, one module a subject; `main` puts them together."""
