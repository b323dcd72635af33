"""The service: look-ups, batches and OpenRefine over HTTP. Reads the model, keeps nothing."""
