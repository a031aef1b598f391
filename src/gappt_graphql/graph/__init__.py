"""The GraphQL door: what clients send becomes commands and questions, and what comes of them is shown to them."""
