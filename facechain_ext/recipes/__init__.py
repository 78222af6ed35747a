"""Recipes that make portraits; they ask a Host to generate and know none of its kinds."""
