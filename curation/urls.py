"""Pages of step 1, 3 and 6, and of the people in a project. Each resource has its own list."""

from django.urls import URLPattern, URLResolver, path

from curation.views import (
    bias,
    cleaning,
    comparisons,
    datasets,
    exports,
    hub,
    imports,
    invitations,
    members,
    pairs,
    preference_imports,
    projects,
    prompts,
    raters,
    recipes,
)

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

# p/<slug>/members/invitations/… and invite/<secret>/
invitation_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/members/invitations/", invitations.invitation_create, name="invitation-create"),
    path(
        "p/<slug:slug>/members/invitations/<int:pk>/revoke/",
        invitations.invitation_revoke,
        name="invitation-revoke",
    ),
    path("invite/<str:token>/", invitations.invitation, name="invitation"),
]

# p/<slug>/prompts/… and p/<slug>/imports/…
prompt_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/prompts/", prompts.prompt_list, name="prompt-list"),
    path("p/<slug:slug>/prompts/import/", imports.import_create, name="import-create"),
    path("p/<slug:slug>/prompts/import/formats/", preference_imports.format_list, name="import-formats"),
    path("p/<slug:slug>/prompts/<int:pk>/", prompts.prompt_detail, name="prompt-detail"),
    path("p/<slug:slug>/prompts/<int:pk>/exclude/", prompts.prompt_exclude, name="prompt-exclude"),
    path("p/<slug:slug>/prompts/<int:pk>/include/", prompts.prompt_include, name="prompt-include"),
    path("p/<slug:slug>/imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("p/<slug:slug>/imports/<int:pk>/start/", imports.import_start, name="import-start"),
    path(
        "p/<slug:slug>/imports/<int:pk>/start-preferences/",
        preference_imports.preferences_start,
        name="import-preferences-start",
    ),
    path("p/<slug:slug>/imports/<int:pk>/restart/", imports.import_restart, name="import-restart"),
    path("p/<slug:slug>/imports/<int:pk>/discard/", imports.import_discard, name="import-discard"),
    path("p/<slug:slug>/imports/<int:pk>/issues.csv", imports.import_issues, name="import-issues"),
]

# p/<slug>/cleaning/…
cleaning_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/cleaning/", cleaning.duplicates, name="cleaning-duplicates"),
    path("p/<slug:slug>/cleaning/find/", cleaning.duplicates_find, name="cleaning-find-duplicates"),
    path("p/<slug:slug>/cleaning/<int:pk>/keep-one/", cleaning.duplicates_keep_one, name="cleaning-keep-one"),
    path("p/<slug:slug>/cleaning/neighbours/", cleaning.neighbours, name="cleaning-neighbours"),
    path(
        "p/<slug:slug>/cleaning/neighbours/find/", cleaning.neighbours_find, name="cleaning-find-neighbours"
    ),
    path("p/<slug:slug>/cleaning/patterns/", cleaning.patterns, name="cleaning-patterns"),
    path("p/<slug:slug>/cleaning/patterns/find/", cleaning.patterns_find, name="cleaning-find-patterns"),
    path(
        "p/<slug:slug>/cleaning/patterns/<int:pk>/exclude/",
        cleaning.patterns_exclude,
        name="cleaning-exclude-patterns",
    ),
    path("p/<slug:slug>/cleaning/languages/", cleaning.languages, name="cleaning-languages"),
    path("p/<slug:slug>/cleaning/languages/find/", cleaning.languages_find, name="cleaning-find-languages"),
    path(
        "p/<slug:slug>/cleaning/languages/<int:pk>/exclude/",
        cleaning.languages_exclude_found,
        name="cleaning-exclude-languages",
    ),
    path("p/<slug:slug>/cleaning/<int:pk>/restore/", cleaning.cleaning_restore, name="cleaning-restore"),
]

# p/<slug>/pairs/…
pair_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/pairs/", pairs.pair_list, name="pair-list"),
    path("p/<slug:slug>/pairs/build/", pairs.pair_build, name="pair-build"),
    path("p/<slug:slug>/pairs/<int:pk>/", pairs.pair_detail, name="pair-detail"),
]

# p/<slug>/raters/…
rater_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/raters/<int:pk>/", raters.rater_detail, name="rater-detail"),
    path("p/<slug:slug>/raters/<int:pk>/exclude/", raters.rater_exclude, name="rater-exclude"),
    path("p/<slug:slug>/raters/<int:pk>/include/", raters.rater_include, name="rater-include"),
]

# p/<slug>/recipes/… and p/<slug>/recipe-runs/…
recipe_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/recipes/", recipes.recipe_list, name="recipe-list"),
    path("p/<slug:slug>/recipes/new/", recipes.recipe_create, name="recipe-create"),
    path("p/<slug:slug>/recipes/preview/", recipes.recipe_preview, name="recipe-preview"),
    path("p/<slug:slug>/recipes/compare/", recipes.recipe_comparison, name="recipe-comparison"),
    path("p/<slug:slug>/recipes/<int:pk>/", recipes.recipe_detail, name="recipe-detail"),
    path("p/<slug:slug>/recipes/<int:pk>/edit/", recipes.recipe_edit, name="recipe-edit"),
    path("p/<slug:slug>/recipes/<int:pk>/recipe.yaml", recipes.recipe_file, name="recipe-file"),
    path("p/<slug:slug>/recipes/<int:pk>/run/", recipes.recipe_run_start, name="recipe-run"),
    path("p/<slug:slug>/recipe-runs/<int:pk>/", recipes.run_detail, name="run-detail"),
    path("p/<slug:slug>/recipe-runs/<int:pk>/freeze/", recipes.dataset_freeze_start, name="dataset-freeze"),
]

# p/<slug>/datasets/…, p/<slug>/exports/… and p/<slug>/formats/
dataset_urls: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/datasets/", datasets.dataset_list, name="dataset-list"),
    path("p/<slug:slug>/datasets/compare/", comparisons.dataset_comparison, name="dataset-comparison"),
    path("p/<slug:slug>/datasets/compare/build/", comparisons.comparison_build, name="comparison-build"),
    path("p/<slug:slug>/datasets/<int:number>/", datasets.dataset_detail, name="dataset-detail"),
    path("p/<slug:slug>/datasets/<int:number>/dropped/", datasets.dataset_dropped, name="dataset-dropped"),
    path("p/<slug:slug>/datasets/<int:number>/bias/", bias.bias_report, name="dataset-bias"),
    path("p/<slug:slug>/datasets/<int:number>/bias/build/", bias.bias_build, name="dataset-bias-build"),
    path("p/<slug:slug>/datasets/<int:number>/hub/", hub.dataset_hub, name="dataset-hub"),
    path("p/<slug:slug>/datasets/<int:number>/export/", exports.export_create, name="export-create"),
    path("p/<slug:slug>/exports/<int:pk>/", exports.export_download, name="export-download"),
    path("p/<slug:slug>/formats/", exports.format_list, name="format-list"),
]

urlpatterns = [
    *project_urls,
    *member_urls,
    *invitation_urls,
    *prompt_urls,
    *cleaning_urls,
    *pair_urls,
    *rater_urls,
    *recipe_urls,
    *dataset_urls,
]
