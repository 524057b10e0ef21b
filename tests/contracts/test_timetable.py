"""The timetable, the tasks and the commands name the same jobs."""

from importlib import import_module

import pytest
from django.core.management import get_commands

from portal.celery import TIMETABLE, app

TASKS = sorted(entry["task"] for entry in TIMETABLE.values())


@pytest.mark.parametrize("name", TASKS)
def test_every_job_of_the_timetable_is_a_task(name):
    import_module(f"{name.partition('.')[0]}.tasks")

    assert name in app.tasks


@pytest.mark.parametrize("name", TASKS)
def test_every_job_can_be_run_by_hand(name):
    label, _, command = name.partition(".")

    assert get_commands().get(command) == label


def test_entries_are_named_like_their_tasks():
    assert {name: entry["task"].partition(".")[2].replace("_", "-") for name, entry in TIMETABLE.items()} == {
        name: name for name in TIMETABLE
    }
