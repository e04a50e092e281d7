"""The configuration: settings from environment variables, and the file of compliance rules."""
