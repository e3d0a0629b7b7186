"""Trader."""
