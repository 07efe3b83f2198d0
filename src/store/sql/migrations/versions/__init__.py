"""One file a revision, named by it. A file that was released never changes."""
