"""What can be done with check-ins: make one at a post, settle a flagged one."""
