"""Settings, addresses, and the machine underneath: the embedded PostgreSQL and the local secrets."""
