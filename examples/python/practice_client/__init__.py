"""A client of a practice's book, on top of what ariadne-codegen makes of queries.graphql."""
