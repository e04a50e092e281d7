"""What calls of any outside API have in common: access tokens, trust, what an answer asks for."""
