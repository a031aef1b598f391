"""The reference's own interface: the same paths, words and shapes, over the same use cases."""
