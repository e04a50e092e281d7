"""What requests to any outside API share: access tokens, certificates, uploads."""
