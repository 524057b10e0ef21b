"""The names of a plan as a notice keeps them; the filter `plan_label` chooses the reader's at delivery."""

from plans.models import Plan


def plan_names(plan: Plan) -> dict[str, str]:
    return {"name": plan.name, "name_zh_hans": plan.name_zh_hans, "name_zh_hant": plan.name_zh_hant}
