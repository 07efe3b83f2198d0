"""Runs as users meet them."""
