"""Reading what is known: history, status, apps, SDKs, comparisons."""
