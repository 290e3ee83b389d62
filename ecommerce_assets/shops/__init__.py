"""Where landing files come from: the synthetic shop and importers of real exports. No warehouse."""
