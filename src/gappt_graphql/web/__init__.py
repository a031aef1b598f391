"""The service on the web: who asks, what every answer carries, and the explorer."""
