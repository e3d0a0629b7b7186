"""Headless processes: they move bytes around the pure core, and keep each other alive."""
