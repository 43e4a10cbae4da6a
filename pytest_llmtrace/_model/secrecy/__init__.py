"""How secrets are found and replaced in a text: by form, by place, by value, in whatever encoding."""
