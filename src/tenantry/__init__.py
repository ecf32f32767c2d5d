"""Tenantry: the database of a multi-tenant SaaS, declared once in Python."""
