"""Dataset folders on a hub that speaks the Hugging Face Hub's protocol."""
