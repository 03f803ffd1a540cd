from django.apps import AppConfig


class TrainerBridgeConfig(AppConfig):
    name = "trainer_bridge"

    def ready(self) -> None:
        from trainer_bridge import heartbeat  # noqa: F401 -- connects the Celery worker signals
