"""Golden against observed: drift under a policy, budgets, the request that comes nearest."""
