"""Redraw: any photo in any style, with the people in it kept."""
