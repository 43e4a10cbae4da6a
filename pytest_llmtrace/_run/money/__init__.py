"""What has been spent, and the budgets that stop a run or fail it."""
