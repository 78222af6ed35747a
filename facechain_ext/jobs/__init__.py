"""Requests of pictures and who works on them: from a table, a folder or a request to files, here or elsewhere."""
