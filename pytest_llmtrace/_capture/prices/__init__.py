"""What calls cost: `book` answers, from the project's own prices and from litellm's price map (`map`, `rates`)."""
