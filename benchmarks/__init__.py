"""What performance is measured with; ``make bench`` runs each. Figures depend on the machine, ratios less."""
