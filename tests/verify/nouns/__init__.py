"""What the tests talk about, one noun a file; properties read as questions to a deployed host."""
