"""Code that all connectors share: the client, windows, secrets, and updates of landed files."""
