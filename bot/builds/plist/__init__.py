"""Property lists, in the forms that Apple's own reader takes: XML, binary and old-style."""
