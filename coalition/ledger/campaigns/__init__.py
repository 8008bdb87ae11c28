"""The twin of the campaign contracts: what was agreed, what it pays, and what goes back."""
