"""A NATS server with JetStream: business events into a durable stream."""
