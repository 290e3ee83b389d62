"""The shop on several machines, which are network namespaces: `make cluster-test`, as root."""
