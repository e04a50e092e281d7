"""Which hosts a build talks to, and what is known of them."""
