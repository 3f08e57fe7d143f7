//! The wire: HTTP requests to inputs, outputs and refusals to HTTP responses, for each protocol.
