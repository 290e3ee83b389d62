"""What connectors share: the client, windows, secrets, and landing files that are kept true."""
