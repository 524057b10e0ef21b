from django.db import models


class Plan(models.Model):
    """The portal's table of plans, as a plain project would see it."""

    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    data_bytes = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "plans_plan"

    def __str__(self) -> str:
        return self.name
