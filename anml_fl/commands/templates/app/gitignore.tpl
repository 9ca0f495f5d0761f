runs/
__pycache__/
*.fab
