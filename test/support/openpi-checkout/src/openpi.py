"""Stands for the packages of openpi, whose sources count."""
