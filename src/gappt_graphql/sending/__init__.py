"""Sending what happened to other people's servers: webhooks."""
