"""What registering a base model asks for."""

from __future__ import annotations

from typing import Any

from django import forms

from judges.model_dirs import models_root, shared_models


class ModelForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="As this project will call it.")
    path = forms.CharField(max_length=500, label="Directory")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = ", ".join(shared_models()) or "none yet"
        self.fields[
            "path"
        ].help_text = (
            f"In Hugging Face format with safetensors weights, below {models_root()}. There now: {there}."
        )
