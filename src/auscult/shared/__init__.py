"""The ground floor: what every room stands on. Few modules, each a noun."""
