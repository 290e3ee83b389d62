"""Figures: frames in, a Matplotlib Figure and a sentence out. No SQL, no disk, no Dagster."""
