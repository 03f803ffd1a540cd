"""Refuses its spec in words."""

import sys

sys.stderr.write("The model directory has no config.json. Register a directory in Hugging Face format.\n")
sys.exit(2)
