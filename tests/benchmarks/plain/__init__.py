"""A Django project as `startproject` makes it, with two small views: what the portal is measured against."""
