"""Bundled."""
