"""Linli 邻里: the program. One package per room; `factory` is the only module that knows every room."""
