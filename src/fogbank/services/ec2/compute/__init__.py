"""Instances, and what they are made of: images, volumes, snapshots, key pairs, launch templates."""
