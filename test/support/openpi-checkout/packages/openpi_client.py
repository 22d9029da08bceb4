"""Stands for openpi-client."""
