"""CloudFormation's template language, pure: text in, checked templates and evaluated values out. No store, no calls."""
