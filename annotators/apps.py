from django.apps import AppConfig


class AnnotatorsConfig(AppConfig):
    name = "annotators"

    def ready(self) -> None:
        from annotators.quality.consensus import methods_register

        methods_register()
