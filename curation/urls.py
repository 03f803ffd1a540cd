"""Pages of step 1, 3 and 6, and of the people in a project. Each resource has its own list."""

from django.urls import URLPattern, URLResolver, path

from curation.views import members, projects

app_name = "curation"

# projects/… and p/<slug>/
project_urls: list[URLPattern | URLResolver] = [
    path("projects/new/", projects.project_new, name="project-create"),
    path("p/<slug:slug>/", projects.project_detail, name="project-detail"),
]

# p/<slug>/members/…
member_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/members/", members.member_list, name="member-list"),
    path("p/<slug:slug>/members/add/", members.member_add, name="member-add"),
    path("p/<slug:slug>/members/<int:pk>/", members.member_change, name="member-change"),
    path("p/<slug:slug>/members/<int:pk>/remove/", members.member_remove, name="member-remove"),
]

urlpatterns = [*project_urls, *member_urls]
