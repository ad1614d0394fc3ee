"""One file for each family of operators; each registers a function that gives a node's form."""
