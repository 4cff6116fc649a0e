"""What can be done with points: post awards, let them wait, settle what waits, set up a town's books."""
