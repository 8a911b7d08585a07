"""One HTTP call, done safely: settings, pace, errors, the reading and the writing client."""
