"""The whole portal under one command: what `manage.py serve` starts and keeps running."""
