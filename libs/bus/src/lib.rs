//! Events and hints over RabbitMQ: outbox, relay, consumers with an inbox, and the topology in one table.
