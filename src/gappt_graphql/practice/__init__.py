"""What people do with the book: each use case is one transaction."""
