"""What a policy sees of a call, and what two calls differ in."""
