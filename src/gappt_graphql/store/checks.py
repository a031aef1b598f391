"""What PostgreSQL checks of each row, by table and name. On SQLite triggers refuse the same."""

from collections.abc import Mapping

_LONG = "is_long = CASE WHEN ends_at - starts_at > INTERVAL '24 hours' THEN 1 ELSE 0 END"

CHECKS: Mapping[str, Mapping[str, str]] = {
    "accounts": {"demo": "demo IN (0, 1)", "name": "trim(name) <> ''", "numbers": "last_number >= 0"},
    "api_keys": {"browser": "browser IN (0, 1)"},
    "practitioners": {"active": "active IN (0, 1)"},
    "appointment_types": {"telehealth": "telehealth_enabled IN (0, 1)"},
    "unavailable_blocks": {"long": _LONG},
    "group_appointments": {
        "long": _LONG,
        "version": "version >= 1",
        "rule": "(repeat_type IS NULL) = (repeating_interval IS NULL)"
        " AND (repeat_type IS NULL) = (number_of_repeats IS NULL)",
        "repeat_type": "repeat_type IN ('DAILY', 'WEEKLY', 'MONTHLY')",
        "repeats": "repeating_interval >= 1 AND number_of_repeats >= 1",
        "root": "repeated_from_id <> id",
        "plan": "(planned_zone IS NULL) = (planned_local IS NULL)"
        " AND (planned_zone IS NULL) = (planned_duration IS NULL)",
    },
    "attendees": {
        "span": "ends_at > starts_at",
        "long": _LONG,
        "busy": "is_busy IN (0, 1)",
        "arrived": "arrived IN (0, 1)",
        "reason": "cancellation_reason IN"
        " ('FEELING_BETTER', 'CONDITION_WORSE', 'SICK', 'COVID_19_RELATED', 'AWAY', 'OTHER', 'WORK')",
    },
    "audit": {"hash": "length(hash) = 64"},
}
