//! Bonin's service: use cases, REST, workers.
