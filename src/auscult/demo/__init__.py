"""The story of 2007–2009 as seed data, built through the same actions that people use."""
