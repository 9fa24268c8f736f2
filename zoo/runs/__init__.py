"""A run opened: its folder, its job, its net; what it is worth, what it answers, what it becomes for others."""
