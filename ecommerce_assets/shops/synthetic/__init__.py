"""The parts of a synthetic shop, which `shops.simulate` puts together. No files are written."""
