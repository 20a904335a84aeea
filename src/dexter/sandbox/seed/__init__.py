"""A believable organization, grown from a number: people, projects, releases, traffic and the errors in it."""
