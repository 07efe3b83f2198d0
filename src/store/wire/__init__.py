"""What goes over HTTP: one table of endpoints, from which the server and the clients are made."""
