"""A store that is a database: SQLite or PostgreSQL. `store.SqlStore` is the way in."""
