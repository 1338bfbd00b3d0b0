"""All of Flask: requests become calls of the streams, readers become responses."""
