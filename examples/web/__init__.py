"""Workflows of tenants over HTTP, and a back office beside them."""
