"""Every published limit, in one place. The checks use these names; the API and the docs show this table."""

from __future__ import annotations

BODY_BYTES = 256 * 1024
FACTS_BODY_BYTES = 16 * 1024 * 1024  # of requests that hold facts
RECORDS = 5_000  # customers or orders in one request
ORDER_LINES = 1_000
JSON_DEPTH = 32
RULE_DEPTH = 8
RULE_CONDITIONS = 200
RULE_GROUPS = 64
REFERENCE_DEPTH = 5
REFERRED_SEGMENTS = 50
REFERRED_CONDITIONS = 500
LIST_VALUES = 1_000
TEXT_LENGTH = 1_000
ID_LENGTH = 64
KEY_LENGTH = 255  # of what facts are found by; PostgreSQL takes at most 2,704 bytes into an index
TAGS = 100
NUMBER = 10**15
NAME_LENGTH = 120
DESCRIPTION_LENGTH = 2_000
PAGE_SIZE = 100
PAGED_ROWS = 10_000
SEGMENTS = 1_000
ATTRIBUTES = 100
EARLIEST_YEAR = 1900
LATEST_YEAR = 2199
RESTORE_DAYS = 30
IMPORT_BYTES = 100 * 1024 * 1024
EXPORT_ROWS = 100_000  # more are written by a job
UNFINISHED_JOBS = 20  # of a kind in a store
RUNNING_EXPORTS = 2  # in a store, be it by jobs or at once
RUNNING_IMPORTS = 1  # in a store
FILE_HOURS = 24
INVITES = 100  # that are open in a store
INVITE_DAYS = 7
API_TOKENS = 100  # that are good in a store
TOKEN_DAYS = 3_650
COUNTED_STATUSES = 50
CHANGED_AT_ONCE = 20_000  # orders or customers; where there are more, a job changes the settings
STORES = 20  # that one person owns


def published() -> dict[str, int]:
    """The limits by name, as `GET /api/segmentation/fields` shows them."""
    return {
        "body_bytes": BODY_BYTES, "facts_body_bytes": FACTS_BODY_BYTES, "records": RECORDS, "order_lines": ORDER_LINES,
        "json_depth": JSON_DEPTH, "rule_depth": RULE_DEPTH,
        "conditions": RULE_CONDITIONS, "groups": RULE_GROUPS, "reference_depth": REFERENCE_DEPTH,
        "referred_segments": REFERRED_SEGMENTS, "referred_conditions": REFERRED_CONDITIONS, "list_values": LIST_VALUES,
        "text_length": TEXT_LENGTH, "id_length": ID_LENGTH, "key_length": KEY_LENGTH,
        "tags": TAGS, "number": NUMBER, "name_length": NAME_LENGTH,
        "description_length": DESCRIPTION_LENGTH, "page_size": PAGE_SIZE, "paged_rows": PAGED_ROWS,
        "segments": SEGMENTS, "attributes": ATTRIBUTES, "earliest_year": EARLIEST_YEAR, "latest_year": LATEST_YEAR,
        "restore_days": RESTORE_DAYS, "import_bytes": IMPORT_BYTES, "export_rows": EXPORT_ROWS,
        "unfinished_jobs": UNFINISHED_JOBS,
        "running_exports": RUNNING_EXPORTS, "running_imports": RUNNING_IMPORTS, "file_hours": FILE_HOURS,
        "invites": INVITES, "invite_days": INVITE_DAYS, "api_tokens": API_TOKENS,
        "token_days": TOKEN_DAYS, "counted_statuses": COUNTED_STATUSES, "changed_at_once": CHANGED_AT_ONCE,
        "stores": STORES,
    }
