"""What a new project asks for."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from curation.models import Project


class ProjectForm(forms.ModelForm[Project]):
    slug = forms.SlugField(
        max_length=60,
        required=False,
        label="Short name",
        help_text="Stands in every address of the project. Left empty, it is made from the name.",
    )

    class Meta:
        model = Project
        fields: ClassVar = ["name", "slug", "description"]
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 4})}
        help_texts: ClassVar = {"description": "What the data is for, in a sentence or two."}

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug and Project.objects.filter(slug=slug).exists():
            raise forms.ValidationError("Another project has this short name. Choose a different one.")
        return slug
