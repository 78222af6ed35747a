"""Garments: one that is kept while everything else is painted anew, or one that is put on a person's own photo."""
