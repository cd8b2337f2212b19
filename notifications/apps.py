from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have people told of what waits in the app below."""
        from notifications import account_events, own_data

        account_events.register()
        own_data.register()
