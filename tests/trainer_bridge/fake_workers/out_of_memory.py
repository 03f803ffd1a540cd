"""Ends as torch does when the accelerator is full."""

import sys

sys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB")
