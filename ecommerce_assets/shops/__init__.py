"""Sources of landing files: the synthetic shop, importers and connectors. No warehouse."""
