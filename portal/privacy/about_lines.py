"""What the esim app keeps about a person."""

from portal.privacy.rows import OnClosing, Rows

REMOVED = OnClosing.REMOVED
OF_LINE = ("line__owner",)
BOOKS = "the books name what was sold"

LINES = (
    Rows(
        model="esim.Line",
        of=("owner",),
        told="public_id nickname cost_centre msisdn form service_state carrier time_zone hidden suspended_for"
        " usage_reported_at created_at",
        inner="id owner opened_for service_change service_change_key service_change_at service_change_until"
        " last_used_at keep_alive_due_at usage_poll_due_at",
        because=BOOKS,
        blanked={"nickname": "", "cost_centre": "", "msisdn": ""},
    ),
    Rows(
        model="esim.Allowance",
        of=OF_LINE,
        told="public_id line plan sold granted_for is_data_pack data_bytes daily_cap_bytes throttled_kbps voice_minutes"
        " sms_count used_bytes used_minutes used_sms starts_at ends_at taken_back_at created_at",
        inner="id remind_due_at",
        because=BOOKS,
    ),
    Rows(
        model="esim.SimProfile",
        of=OF_LINE,
        told="public_id line iccid eid profile_type download_state is_current created_at state_changed_at code_shown_at",
        inner="id smdp_address carrier_reference problem",
        secret="activation_code_ciphertext pin_ciphertext puk_ciphertext confirmation_code_ciphertext",  # noqa: S106
        because="the stock of numbered profiles",
        blanked={
            "eid": "",
            "activation_code_ciphertext": "",
            "pin_ciphertext": "",
            "puk_ciphertext": "",
            "confirmation_code_ciphertext": "",
        },
    ),
    Rows(
        model="esim.ProfileOrder",
        of=OF_LINE,
        told="public_id line iccid eid state created_at ended_at",
        inner="id key carrier profile_type plan_code smdp_address step reason attempts asked_at lease_until ask_again_at",
        secret="matching_id_ciphertext confirmation_code_ciphertext answer_ciphertext",  # noqa: S106
        because="what was ordered at the network",
        blanked={"eid": "", "matching_id_ciphertext": "", "confirmation_code_ciphertext": "", "answer_ciphertext": ""},
    ),
    Rows(
        model="esim.Replacement",
        of=OF_LINE,
        told="public_id line reason same_code eid state created_at moved_at ended_at",
        inner="id asked_by old_profile new_profile problem look_at",
        because="what was done to a profile, and that its owner asked",
        blanked={"eid": ""},
    ),
    Rows(
        model="esim.SimCard",
        of=OF_LINE,
        told="public_id iccid form msisdn used_at",
        inner="id carrier profile_type pin_issued_at pin_used_at state reserved_for reserved_at line batch imported_at",
        secret="pin_sealed puk_ciphertext",  # noqa: S106
        because="the stock of numbered cards",
    ),
    Rows(
        model="esim.BindingAttempt",
        of=("user",),
        told="succeeded at",
        inner="id user card",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.SimApplication",
        of=("owner",),
        told="public_id kind state full_name document_type document_number document_expires_on company_name"
        " registration_number contact_name contact_phone delivery outlet address post_carrier tracking_number wanted"
        " reason reason_text created_at submitted_at decided_at ready_at picked_up_at activated_at cancelled_at",
        inner="id owner round card line first_approved_by first_approved_at decided_by touched_at forget_at forgotten_at"
        " full_name_ciphertext document_number_ciphertext registration_number_ciphertext contact_name_ciphertext"
        " contact_phone_ciphertext address_ciphertext",
        secret="pickup_code_ciphertext pickup_code_hash",  # noqa: S106
        because="that there was one; its particulars and papers are erased",
    ),
    Rows(
        model="esim.LineMember",
        of=("user", "line__owner"),
        told="public_id line role created_at",
        inner="id user",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.LineInvitation",
        of=("invited_by", "accepted_by", "line__owner"),
        told="public_id line email role state created_at expires_at ended_at",
        inner="id invited_by accepted_by",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.LineMove",
        of=("from_owner", "to_owner"),
        told="public_id line by_claim state created_at agreed_at moves_at ended_at",
        inner="id from_owner to_email to_owner new_line waits_for expires_at",
        because="who gave a line to whom",
        blanked={"to_email": ""},
    ),
    Rows(
        model="esim.ThrottleSpell",
        of=OF_LINE,
        told="line date kbps began_at resets_at lifted_at",
        inner="id allowance asked_at look_at",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.UsageBudget",
        of=OF_LINE,
        told="line daily_bytes monthly_bytes changed_at",
        inner="id",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.UsageRecord",
        of=OF_LINE,
        told="line source record_id at data_bytes voice_seconds sms_count",
        inner="id received_at rated_at",
        on_closing=REMOVED,
    ),
    Rows(
        model="esim.DailyUsage",
        of=OF_LINE,
        told="line date data_bytes voice_seconds sms_count",
        inner="id",
        on_closing=REMOVED,
    ),
)
