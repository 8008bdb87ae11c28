"""Campaigns as people write them: files that are read, checked, compiled to terms, compared and tried on past purchases."""
