"""Sheets of pictures and figures for the documents."""
