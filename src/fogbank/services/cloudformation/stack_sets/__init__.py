"""Stack sets: one template as stacks in several accounts and regions of this cloud."""
