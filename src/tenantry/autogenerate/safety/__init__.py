"""Declarations that are unsafe by themselves are refused before anything is compared."""
