"""Texts: words, vocabularies, vectors."""
