"""The demonstration: a company of ours, people of ours, and the whole house at work around them, on this machine alone."""
