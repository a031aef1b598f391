"""Group appointments for healthcare practices, as a GraphQL service."""

__version__ = "0.1.0"
