"""A veterinary practice: an application with models of its own."""
